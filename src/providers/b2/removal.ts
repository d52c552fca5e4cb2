import { StorageError } from '../../core/errors.ts';
import { isText, type JsonObject } from '../../core/json.ts';
import type { Entry, Outcome, Target } from '../../core/storageClient.ts';
import { type RemovalWays, removeInWays, singlesInFlight } from '../_shared/batchRemoval.ts';
import { lockedBy } from '../_shared/lockedBy.ts';
import { refuseTarget, resultOf } from '../_shared/outcomes.ts';
import { inParallel } from '../_shared/parallel.ts';
import type { Account } from './account.ts';
import type { B2Connection } from './connection.ts';
import { codeIn } from './errors.ts';
import { type B2File, locksOf, readFile, versionOf } from './files.ts';
import { walkPages } from './listing.ts';
import { bucketFor, refuseForKey } from './scope.ts';

/** Of a call's refused versions, so many are asked for the reason. */
const explainedAtMost = 50;

/** Hides objects, deletes versions, and cancels what was begun to be uploaded: one by one, as B2 has no batches. */
export async function removeBatch(
  b2: B2Connection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  let account: Account | undefined;
  const needed = batch.some(({ entry }) => refuse(b2, entry, undefined) === undefined);
  if (needed) {
    account = await b2.account(signal).catch((error: unknown) => {
      throw b2.fail(error, {}, signal);
    });
  }
  const ways: RemovalWays = {
    refuse: ({ entry }) => refuse(b2, entry, account),
    groupOf: () => undefined,
    together: async () => undefined,
    one: (target, limited) => removeOne(b2, target, limited),
    explain: (outcomes, limited) => explainRefusals(b2, outcomes, limited),
  };
  return await removeInWays(batch, ways, signal);
}

function refuse(b2: B2Connection, entry: Entry, account: Account | undefined): StorageError | undefined {
  const refusal = refuseTarget(entry, b2.options.start, ['object', 'upload']);
  return refusal ?? (account && refuseForKey(account, entry.container ?? '', entry.id));
}

async function removeOne(b2: B2Connection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { entry, mode } = target;
  const about = { bucket: entry.container, key: entry.id };
  try {
    if (entry.kind === 'upload') return await settle(target, cancelUpload(b2, entry, signal));
    if (entry.version) return await settle(target, deleteVersion(b2, target, entry.version.id, signal));
    if (mode === 'permanent') return await removeEveryVersion(b2, target, signal);
    return await settle(target, hide(b2, entry, signal), ({ id: trace }) => ({ trace }));
  } catch (error) {
    const failure = b2.fail(error, about, signal);
    return { target, result: resultOf(failure), error: failure };
  }
}

/** The codes that say that there is nothing more to delete. */
const goneCodes: ReadonlySet<string> = new Set(['already_hidden', 'no_such_file', 'file_not_present']);

/** What is not there is done; every other failure is one. */
async function settle<T>(
  target: Target,
  removing: Promise<T>,
  more: (answer: T) => Pick<Outcome, 'trace'> = () => ({}),
): Promise<Outcome> {
  try {
    return { target, result: 'deleted', ...more(await removing) };
  } catch (error) {
    const code = codeIn(error) ?? '';
    // A call about an upload names nothing else that could be missing.
    const gone = goneCodes.has(code) || (target.entry.kind === 'upload' && code === 'not_found');
    if (gone) return { target, result: 'already-gone' };
    throw error;
  }
}

/** The hide marker. https://www.backblaze.com/apidocs/b2-hide-file */
async function hide(b2: B2Connection, { container = '', id }: Entry, signal: AbortSignal): Promise<B2File> {
  const bucketId = await bucketFor(b2, container, id, signal);
  const about = { bucket: container, key: id };
  return await b2.change('b2_hide_file', { bucketId, fileName: id }, about, signal, (answer) => {
    const marker = readFile(answer);
    return marker?.name === id && marker.action === 'hide' ? marker : undefined;
  });
}

/** Deletes exactly this version or marker. https://www.backblaze.com/apidocs/b2-delete-file-version */
export async function deleteVersion(
  b2: B2Connection,
  { entry: { container, id }, bypass }: Target,
  fileId: string,
  signal: AbortSignal,
): Promise<void> {
  const parameters = { fileName: id, fileId, ...(bypass ? { bypassGovernance: true } : {}) };
  await b2.change('b2_delete_file_version', parameters, { bucket: container, key: id }, signal, named(id, fileId));
}

/** https://www.backblaze.com/apidocs/b2-cancel-large-file */
async function cancelUpload(b2: B2Connection, entry: Entry, signal: AbortSignal): Promise<void> {
  const { container, id, version } = entry;
  const fileId = version?.id ?? '';
  await b2.change('b2_cancel_large_file', { fileId }, { bucket: container, key: id }, signal, named(id, fileId));
}

/** Believed only when the answer names what was to go. */
const named = (name: string, id: string) => (answer: JsonObject) =>
  isText(answer.fileName) && answer.fileName === name && answer.fileId === id ? true : undefined;

/** Every version of exactly this name, the oldest first: what a failure leaves is never an old one in place of the newest. */
async function removeEveryVersion(b2: B2Connection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { container = '', id } = target.entry;
  const found: string[] = [];
  for await (const { entries } of walkPages(b2, { kind: 'container', id: container }, { id, versions: true }, signal)) {
    found.push(...entries.flatMap(({ version }) => (version ? [version.id] : [])));
  }
  let deleted = 0;
  for (const version of found.reverse()) {
    const { result } = await settle(target, deleteVersion(b2, target, version, signal));
    if (result === 'deleted') deleted++;
  }
  return { target, result: deleted > 0 ? 'deleted' : 'already-gone' };
}

/** B2 refuses what is locked with the words of a missing permission; the version itself tells. */
async function explainRefusals(
  b2: B2Connection,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const refused = outcomes.filter(({ result, target }) => result === 'denied' && target.entry.version !== undefined);
  const explained = new Map<Outcome, Outcome>();
  await inParallel(refused.slice(0, explainedAtMost), singlesInFlight, async (outcome) => {
    const { container = '', id, version } = outcome.target.entry;
    try {
      const [lock] = locksOf(await versionOf(b2, container, id, version?.id ?? '', signal));
      if (lock) explained.set(outcome, { ...outcome, result: 'locked', error: lockedBy(lock, id) });
    } catch {
      // The refusal is known and stays; only its reason could not be learned.
    }
  });
  return outcomes.map((outcome) => explained.get(outcome) ?? outcome);
}

/** Deletes exactly this hide marker, after the server said that it is one: deleting a version would lose it for good. */
export async function restoreMarker(b2: B2Connection, marker: Entry, signal: AbortSignal): Promise<void> {
  const { kind, container = '', id, version } = marker;
  if (kind !== 'object' || !version?.marker) throw noMarker(marker);
  let action: string;
  try {
    action = (await versionOf(b2, container, id, version.id, signal)).action;
  } catch (error) {
    if (!(error instanceof StorageError) || error.kind !== 'not-found') throw error;
    throw new StorageError('not-found', `This hide marker is not there any more: ${marker.path}`);
  }
  if (action !== 'hide') throw noMarker(marker);
  const [outcome] = await removeBatch(b2, [{ entry: marker, mode: 'permanent' }], signal);
  if (outcome?.error) throw outcome.error;
}

function noMarker({ path }: Entry): StorageError {
  return new StorageError('unsupported', `Only a hide marker can be undeleted: ${path}`);
}
