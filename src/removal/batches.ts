import { type Entry, identityOf, type Target } from '../core/storageClient.ts';
import type { ManifestEntry } from './removal.ts';

/** Neighbours in the manifest that may be sent in one call: of one container, of one kind, none of them twice. */
export interface Batch {
  /** The position of its first target in the manifest. */
  readonly from: number;
  readonly targets: readonly Target[];
  /** Whether all before it must be settled first, and it before all after it: folders go when what is in them is gone. */
  readonly alone: boolean;
}

interface Rules {
  readonly limit: number;
  readonly mode: Target['mode'];
  readonly bypass?: true | undefined;
  /** Whether each target goes only if it still has the tag that it was planned with. */
  readonly conditional: boolean;
  /** Tells folders apart that may go together; without it each goes by itself. */
  readonly contains: ((folder: Entry, entry: Entry) => boolean) | undefined;
}

/** An entry and its position in the manifest. */
export interface Placed {
  readonly at: number;
  readonly entry: ManifestEntry;
}

/** Cuts the entries of a manifest, or of what is left of it, into batches; reads no further than the page that the next one ends in. */
export async function* batchesOf(pages: AsyncIterable<readonly Placed[]>, rules: Rules): AsyncGenerator<Batch> {
  let from = 0;
  let targets: Target[] = [];
  let identities = new Set<string>();
  for await (const page of pages) {
    for (const { at, entry } of page) {
      const identity = identityOf(entry);
      const follows = at === from + targets.length;
      if (!follows || targets.length >= rules.limit || identities.has(identity) || !fits(entry, targets, rules)) {
        if (targets.length > 0) yield batch(from, targets);
        from = at;
        targets = [];
        identities = new Set();
      }
      targets.push(targetOf(entry, rules));
      identities.add(identity);
    }
  }
  if (targets.length > 0) yield batch(from, targets);
}

function targetOf(entry: Entry, { mode, bypass, conditional }: Rules): Target {
  const ifTag = conditional && entry.version === undefined ? entry.tag : undefined;
  return { entry, mode, ...(bypass ? { bypass } : {}), ...(ifTag === undefined ? {} : { ifTag }) };
}

function batch(from: number, targets: readonly Target[]): Batch {
  return { from, targets, alone: targets[0]?.entry.kind === 'folder' };
}

function fits(entry: Entry, targets: readonly Target[], { contains }: Rules): boolean {
  const first = targets[0]?.entry;
  if (!first) return true;
  if (entry.kind !== first.kind || entry.container !== first.container) return false;
  return (
    entry.kind !== 'folder' || (contains !== undefined && !targets.some((target) => contains(entry, target.entry)))
  );
}
