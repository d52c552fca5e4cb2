import { rm } from 'node:fs/promises';
import { cancelled, StorageError, toStorageError } from '../core/errors.ts';
import { type Entry, identityOf, type Place, placeOf, type Recovery } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';
import { Findings } from './findings.ts';
import { createFolderStack } from './folderStack.ts';
import { listEverything, listUploads } from './listing.ts';
import { writeManifest } from './manifest.ts';
import { inPages } from './pages.ts';
import type { PlannedCredential, PlanRequest, Removal, RemovalPlan, Selected } from './removal.ts';
import { createRemovalFolder, keepPlan, manifestFile } from './removalFolder.ts';
import { untilAborted } from './waiting.ts';

/**
 * Lists what was selected, once and for all, into a manifest on disk. Deletes nothing; leaves nothing behind when it fails.
 * Fails with 'unsupported' for a selection that can't be meant, and with 'unexpected' for a listing that can't be trusted.
 */
export async function planRemoval(request: PlanRequest): Promise<Removal> {
  const selection = uniqueSelection(request.selection);
  const { id, folder } = await createRemovalFolder(request.folder);
  try {
    const places = await askRecovery(request, selection);
    const found = new Findings();
    const manifest = await writeManifest(manifestFile(folder), collect(request, selection, folder, found));
    stopIfCancelled(request.signal);
    const plan: RemovalPlan = {
      id,
      credential: plannedOf(request.credential),
      provider: { id: request.provider.id, label: request.provider.label, noun: request.provider.noun },
      selection: selection.map(selectedOf),
      mode: request.versions ? 'permanent' : (request.mode ?? 'recoverable'),
      counts: found.counts(),
      recovery: weakest(places),
      repeatable: places.every(({ recoverable }) => recoverable === 'no') || !canTell(request),
      ...(request.provider.capabilities.has('undelete') ? { undo: true as const } : {}),
      ...(isConditional(request) || !found.anyByName ? {} : { unconditional: true }),
      notices: found.notices(),
      plannedAt: Date.now(),
      manifest,
    };
    return await keepPlan(folder, plan);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw toStorageError(error);
  }
}

/** The same removal, which deletes in spite of locks that may be bypassed: only for one who chose so in the confirmation. */
export async function bypassLocks({ folder, plan }: Removal): Promise<Removal> {
  return await keepPlan(folder, { ...plan, bypass: true });
}

/** The same removal, which deletes its folders whole: only for one who chose so in the confirmation. */
export async function deleteWhole({ folder, plan }: Removal): Promise<Removal> {
  return await keepPlan(folder, { ...plan, whole: true });
}

/** Forgets a plan that wasn't confirmed. */
export async function discardRemoval({ folder }: Removal): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Everything that is meant by the selection, once each: objects first, then real folders, each after all that is in it. */
async function* collect(
  request: PlanRequest,
  selection: readonly Entry[],
  folder: string,
  found: Findings,
): AsyncGenerator<readonly Entry[]> {
  const { client, provider, signal, onProgress, versions = false } = request;
  const single = new Map(selection.filter(isSingle).map((entry) => [identityOf(entry), entry]));
  const roots = new Map(outermost(selection, provider.folders.contains).map((entry) => [identityOf(entry), entry]));
  const listed = new Set<string>();
  const folders = createFolderStack(folder);
  const tellOfSegments = ({ segmentsAt }: Entry) => {
    if (!segmentsAt) return;
    const { container, prefix } = segmentsAt;
    const segment: Entry = { kind: 'object', container, id: prefix, name: prefix, path: prefix };
    const goToo = selection.some((root) => !isSingle(root) && liesIn(segment, root, provider.folders.contains));
    if (!goToo) found.addLeft(segmentsAt);
  };
  const keepFolder = async (entry: Entry) => {
    if (!provider.folders.real) return;
    found.add(entry);
    await folders.push(entry);
  };

  for (const [identity, root] of roots) {
    const place = placeOf(root);
    if (!place) continue;
    listed.add(identity);
    if (root.kind === 'folder') await keepFolder(root);
    for await (const page of listEverything(client, place, provider, { versions }, signal)) {
      const objects: Entry[] = [];
      for (const entry of page.entries) {
        refuseForeign(entry, root, provider.folders.contains);
        if (entry.kind === 'folder') {
          const own = identityOf(entry);
          if (own === identity) continue;
          if (listed.has(own)) throw selectedTwice(entry);
          roots.delete(own);
          await keepFolder(entry);
        } else {
          if (single.size > 0) takeOut(entry, single, versions);
          found.add(entry);
          tellOfSegments(entry);
          objects.push(entry);
        }
      }
      yield objects;
      found.addRepeated(page.repeated);
      onProgress?.(found.counts());
    }
    if (root.kind === 'container') yield* collectUploads(request, root, single, found);
  }
  for (const entry of single.values()) {
    stopIfCancelled(signal);
    if (versions && entry.kind === 'object' && entry.version === undefined) {
      for await (const page of collectVersions(request, entry, single, found)) {
        for (const version of page) tellOfSegments(version);
        yield page;
      }
    } else if (single.has(identityOf(entry))) {
      if (provider.capabilities.has('snapshots')) found.note(uncountedSnapshots);
      found.add(entry);
      tellOfSegments(await withSegments(request, entry));
      yield [entry];
    }
  }
  onProgress?.(found.counts());
  yield* inPages(folders.drain());
}

/** What comes with a folder is not deleted by itself too, nor are the versions of an object that comes with all of them. */
function takeOut(entry: Entry, single: Map<string, Entry>, versions: boolean): void {
  single.delete(identityOf(entry));
  if (versions) single.delete(identityOf(objectOf(entry)));
}

/** Only a walk counts them: whoever selects an object by itself must know all the same. */
const uncountedSnapshots = 'Snapshots of what was selected by itself go with it. How many there are was not counted.';

/** An object that was selected by itself comes from a listing that is not looked at closely: an empty one may be all that joins segments. */
async function withSegments({ client, provider, signal }: PlanRequest, entry: Entry): Promise<Entry> {
  if (entry.size !== 0 || entry.kind !== 'object' || !client.stat || !provider.capabilities.has('segments'))
    return entry;
  try {
    return await untilAborted(client.stat(entry, { signal }), signal);
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'not-found' || failure.kind === 'forbidden') return entry;
    throw failure;
  }
}

/** All versions and markers of one object, whatever stands before them; those selected by themselves are counted here. */
async function* collectVersions(
  { client, provider, signal, onProgress }: PlanRequest,
  object: Entry,
  single: Map<string, Entry>,
  found: Findings,
): AsyncGenerator<readonly Entry[]> {
  const query = { versions: true, id: object.id };
  const pages = listEverything(client, containerPlace(object), provider, query, signal);
  for await (const { entries, repeated } of pages) {
    const own = entries.filter(
      ({ kind, id, container }) => kind === 'object' && id === object.id && container === object.container,
    );
    for (const entry of own) {
      single.delete(identityOf(entry));
      found.add(entry);
    }
    yield own;
    found.addRepeated(repeated);
    onProgress?.(found.counts());
  }
}

/** What lies unfinished in a container; keys that may not list it delete the rest all the same, and the plan says so. */
async function* collectUploads(
  { client, provider, signal, onProgress }: PlanRequest,
  root: Entry,
  single: Map<string, Entry>,
  found: Findings,
): AsyncGenerator<readonly Entry[]> {
  if (!provider.capabilities.has('uploads')) return;
  try {
    for await (const { entries } of listUploads(client, containerPlace(root), signal)) {
      for (const entry of entries) refuseForeign(entry, root, provider.folders.contains);
      const uploads = entries.filter(({ kind }) => kind === 'upload');
      for (const upload of uploads) {
        single.delete(identityOf(upload));
        found.add(upload);
      }
      yield uploads;
      onProgress?.(found.counts());
    }
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind === 'unsupported') return;
    if (failure.kind !== 'forbidden') throw failure;
    found.note(`Unfinished uploads stay, since they can't be listed: ${failure.message}`);
  }
}

/** The selection without doubles; refused when it is empty or when something in it has no identity of its own. */
function uniqueSelection(selection: readonly Entry[]): readonly Entry[] {
  if (selection.length === 0) throw new StorageError('unsupported', 'Nothing is selected to delete.');
  for (const entry of selection) {
    if (!isAddressable(entry)) {
      throw new StorageError('unsupported', `This can't be deleted, since it has no identity: ${showName(entry.path)}`);
    }
  }
  return [...new Map(selection.map((entry) => [identityOf(entry), entry])).values()];
}

/** The selected containers and folders that lie in no other one, shortest path first, so that an outer one comes before an inner one. */
export function outermost(
  selection: readonly Entry[],
  contains: ((folder: Entry, entry: Entry) => boolean) | undefined,
): readonly Entry[] {
  const roots = selection.filter((entry) => !isSingle(entry));
  const holds = (outer: Entry, inner: Entry) => {
    if (outer.kind === 'container') return inner.kind === 'folder' && inner.container === outer.id;
    return inner.kind === 'folder' && inner.container === outer.container && (contains?.(outer, inner) ?? false);
  };
  return roots
    .filter((inner) => !roots.some((outer) => outer !== inner && holds(outer, inner)))
    .toSorted((a, b) => a.path.length - b.path.length);
}

/** A listing that brings what lies elsewhere is not believed at all. */
function refuseForeign(
  entry: Entry,
  root: Entry,
  contains: ((folder: Entry, entry: Entry) => boolean) | undefined,
): void {
  if (liesIn(entry, root, contains) && entry.kind !== 'container' && isAddressable(entry)) return;
  throw new StorageError(
    'unexpected',
    `The server listed something that isn't in what was selected, so nothing was planned: ${showName(entry.path)}`,
    { detail: `${JSON.stringify(entry.id)} in ${JSON.stringify(root.id)}` },
  );
}

function liesIn(entry: Entry, root: Entry, contains: ((folder: Entry, entry: Entry) => boolean) | undefined): boolean {
  if (root.kind === 'container') return entry.container === root.id;
  return entry.container === root.container && (contains?.(root, entry) ?? true);
}

function selectedTwice(entry: Entry): StorageError {
  return new StorageError('unsupported', `One selected folder lies inside another: ${showName(entry.path)}`, {
    hint: 'Select only the outer folder.',
  });
}

/** What each place says, asked once per container. A place that can't say is 'unknown'; only a lost login or a cancel ends the plan. */
async function askRecovery(request: PlanRequest, selection: readonly Entry[]): Promise<readonly Recovery[]> {
  const { client, provider, signal } = request;
  if (!canTell(request) || !client.recovery) {
    return [{ recoverable: 'unknown', because: `${provider.label} doesn't tell.` }];
  }
  const places = new Map(selection.map(containerPlace).map((place) => [JSON.stringify(place), place]));
  const answers: Recovery[] = [];
  for (const place of places.values()) {
    try {
      answers.push(await untilAborted(client.recovery(place, { signal }), signal));
    } catch (error) {
      const failure = toStorageError(error);
      if (['cancelled', 'unauthenticated', 'expired', 'not-found'].includes(failure.kind)) throw failure;
      answers.push({ recoverable: 'unknown', because: failure.message });
    }
  }
  return answers;
}

/** Where a backend has no word on recovery, there are no markers that a second delete could add. */
function canTell({ provider }: PlanRequest): boolean {
  return provider.capabilities.has('recovery');
}

function isConditional({ provider, conditional = provider.capabilities.has('conditional') }: PlanRequest): boolean {
  return conditional;
}

/** Where an entry's container is; the root where there are none. */
export function containerPlace(entry: Entry): Place {
  if (entry.kind === 'container') return { kind: 'container', id: entry.id };
  return entry.container === undefined ? { kind: 'root' } : { kind: 'container', id: entry.container };
}

/** What holds for all: one place that loses for good decides, then one that can't say. */
function weakest(recoveries: readonly Recovery[]): Recovery {
  for (const worst of ['no', 'unknown', 'yes'] as const) {
    const recovery = recoveries.find(({ recoverable }) => recoverable === worst);
    if (recovery) return recovery;
  }
  return { recoverable: 'unknown', because: 'No place was asked.' };
}

function plannedOf({ id, name, revision, origin }: PlannedCredential): PlannedCredential {
  return {
    id,
    name,
    ...(revision === undefined ? {} : { revision }),
    ...(origin === undefined ? {} : { origin }),
  };
}

function selectedOf({ kind, container, id, name, path: shown, version }: Entry): Selected {
  return {
    kind,
    id,
    name,
    path: shown,
    ...(container === undefined ? {} : { container }),
    ...(version === undefined ? {} : { version }),
  };
}

function stopIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled();
}

/** The object that something is a version of. */
function objectOf({ version: _, ...object }: Entry): Entry {
  return object;
}

/** What has nothing below it. */
function isSingle({ kind }: Entry): boolean {
  return kind === 'object' || kind === 'upload';
}

function isAddressable({ id, container }: Entry): boolean {
  return id !== '' && container !== '';
}
