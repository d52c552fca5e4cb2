import { StorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { inParallel } from '../_shared/parallel.ts';
import { changed, failed, generationOf, unconfirmed } from './conditions.ts';
import { bucketPath, type GcsConnection } from './connection.ts';
import type { ObjectList } from './listing.ts';

const pageSize = 1000;
/** More pages than this are not read to learn what became of a batch: then each of the rest is asked for. */
const mostPages = 4;
const askedAtOnce = 8;

/**
 * The same outcomes, but no object is called gone whose name is still taken. A deletion that names a generation is answered
 * with 'deleted' when that one was gone before, though another may stand in its place.
 */
export async function confirmGone(
  gcs: GcsConnection,
  bucket: string,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const unsure = outcomes.filter(({ target, error }) => target.ifTag !== undefined && error === undefined);
  if (unsure.length === 0) return outcomes;
  const confirmed = new Map<Target, Outcome>();
  try {
    const rest = await confirmByListing(gcs, bucket, unsure, confirmed, signal);
    await inParallel(rest, askedAtOnce, async (outcome) => {
      confirmed.set(outcome.target, judged(outcome, await generationOf(gcs, outcome.target, signal)));
    });
  } catch (error) {
    const failure = gcs.fail(error, { bucket }, signal);
    for (const { target } of unsure) if (!confirmed.has(target)) confirmed.set(target, unconfirmed(target, failure));
  }
  return outcomes.map((outcome) => confirmed.get(outcome.target) ?? outcome);
}

/** Reads the part of the bucket where the names lie, from one to the next that is not known of yet; gives back those left over. */
async function confirmByListing(
  gcs: GcsConnection,
  bucket: string,
  unsure: readonly Outcome[],
  confirmed: Map<Target, Outcome>,
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const inOrder = unsure.toSorted((one, other) => byBytes(one.target.entry.id, other.target.entry.id));
  const end = `${inOrder.at(-1)?.target.entry.id}\u0001`;
  let next = 0;
  for (let page = 0; page < mostPages && next < inOrder.length; page++) {
    const query = {
      startOffset: inOrder[next]?.target.entry.id,
      endOffset: end,
      maxResults: pageSize,
      fields: 'kind,nextPageToken,items(name,generation)',
    };
    const asked = { path: `${bucketPath(bucket)}/o`, query };
    const { items = [], nextPageToken } = await gcs.read<ObjectList>('storage#objects', asked, { bucket }, signal);
    const found = new Map(items.map(({ name, generation }) => [name, generation]));
    const last = nextPageToken === undefined ? undefined : (items.at(-1)?.name ?? '');
    for (; next < inOrder.length; next++) {
      const outcome = inOrder[next];
      if (!outcome || (last !== undefined && byBytes(outcome.target.entry.id, last) > 0)) break;
      confirmed.set(outcome.target, judged(outcome, found.get(outcome.target.entry.id)));
    }
    if (last === '') break;
  }
  return inOrder.slice(next);
}

function judged(outcome: Outcome, found: string | StorageError | undefined): Outcome {
  const { target } = outcome;
  if (found === undefined) return outcome;
  if (found instanceof StorageError) return unconfirmed(target, found);
  return failed(target, found === target.ifTag ? stillThere(target) : changed(target));
}

function stillThere({ entry }: Target): StorageError {
  return new StorageError('unexpected', `The server called it deleted, but it is still there: ${entry.path}`);
}

function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
