import { commands, env, Uri } from 'vscode';
import { addressToDocument } from '../browse/objectAddress.ts';
import { parseTypedPlace, type TypedPath } from '../browse/typedPath.ts';
import { StorageError, toStorageError } from '../core/errors.ts';
import type { Provider } from '../core/provider.ts';
import type { Entry } from '../core/storageClient.ts';
import { formatBytes, showName } from '../core/text.ts';
import { type CredentialNode, EntryNode } from '../tree/nodes.ts';
import { objectScheme } from '../ui/objectFiles.ts';
import type { Handler, Parts } from './parts.ts';
import { askPrefix, credentialTarget, entryTargets, listedTarget } from './targets.ts';

/** Above so many bytes, opening an object asks first. */
const askAbove = 5_000_000;

/** Milliseconds that a question to the server may take. */
const askLimit = 60_000;

/** Asks the server again for what stands below a row; without one, for everything. */
export const refresh: Handler = async ({ tree }, node) => {
  tree.refresh(node?.kind === 'message' || node?.kind === 'loadMore' ? node.parent : node);
};

export const loadMore: Handler = async ({ tree }, node) => {
  if (node?.kind !== 'loadMore') return;
  await node.parent.listing.loadMore();
  tree.redraw(node.parent);
};

/** Shows only what begins with a prefix; the server does the choosing. */
export const filterByPrefix: Handler = async (parts, node) => {
  const target = await listedTarget(parts, 'Filter by Prefix', node);
  if (target) await askPrefix(parts, target);
};

export const clearFilter: Handler = async (parts, node) => {
  const target = await listedTarget(parts, 'Clear Filter', node);
  if (!target || target.filter === '') return;
  target.filter = '';
  parts.tree.redraw(target);
};

/** The way in for keys that may not list: a place becomes a row under its credential, an object is shown. */
export const openPath: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Open Bucket or Path', node);
  if (!target) return;
  const { provider, record } = target;
  const parse = (typed: string) => parseTypedPlace(provider, record.settings, typed);
  const words = wordsFor(provider);
  const typed = await parts.dialogs.ask({
    title: `Open in: ${record.name}`,
    prompt: words.prompt,
    refuse: (text) => (parse(text) ? undefined : words.refusal),
  });
  const meant = typed === undefined ? undefined : parse(typed);
  if (!meant) return;
  const object = meant.object && (await findObject(parts, target, meant.object));
  if (object) return await openEntry(parts, target, object);
  await assertNotEmpty(parts, target, meant);
  const entry = await parts.opened.open(target.id, meant.place);
  parts.tree.redraw(target);
  const row = parts.tree.entryNode(entry, target, true);
  await parts.view.reveal(row, { select: true, focus: true, expand: true });
};

function wordsFor({ folders, noun: { one } }: Provider): { prompt: string; refusal: string } {
  if (folders.real)
    return { prompt: 'The path of a folder or a file, such as /data/models/', refusal: 'Begin with a slash.' };
  return {
    prompt: `The name of a ${one}, or a path in it, such as my-${one}/folder/`,
    refusal: `Begin with the name of a ${one}. A web address is none.`,
  };
}

/** What the server knows of an object; nothing where there is none, or where these credentials may not ask. */
async function findObject({ sessions }: Parts, { id }: CredentialNode, object: Entry): Promise<Entry | undefined> {
  await using lease = await sessions.open(id);
  try {
    return await lease.client.stat?.(object, { signal: AbortSignal.timeout(askLimit) });
  } catch (error) {
    const { kind } = toStorageError(error);
    if (kind === 'not-found' || kind === 'forbidden') return undefined;
    throw error;
  }
}

/** A path that leads to nothing gets no row. One that may not be looked at gets it: what lies below may be open. */
async function assertNotEmpty(
  { sessions }: Parts,
  { id }: CredentialNode,
  { place, object }: TypedPath,
): Promise<void> {
  if (!object) return;
  await using lease = await sessions.open(id);
  try {
    const { entries } = await lease.client.list(place, { limit: 1 }, { signal: AbortSignal.timeout(askLimit) });
    if (entries.length > 0) return;
  } catch (error) {
    if (toStorageError(error).kind === 'forbidden') return;
    throw error;
  }
  throw new StorageError('not-found', `Nothing is there: ${showName(object.path)}`, {
    hint: 'A path that ends in a slash opens a folder, empty or not.',
  });
}

/** Takes a row away that was opened by its path; nothing in the cloud. */
export const closePath: Handler = async (parts, node) => {
  const target = node instanceof EntryNode && node.opened ? node : await pickOpened(parts);
  if (!target) return;
  await parts.opened.close(target.credential.id, target.entry);
  parts.tree.redraw(target.credential);
};

async function pickOpened(parts: Parts): Promise<EntryNode | undefined> {
  const opened = (await parts.tree.credentials()).flatMap((credential) =>
    parts.opened.of(credential.id).map((entry) => parts.tree.entryNode(entry, credential, true)),
  );
  if (opened.length === 0) {
    void parts.dialogs.notify('info', 'Nothing was opened by its path.');
    return undefined;
  }
  const options = opened.map((node) => ({
    label: node.entry.path,
    description: node.credential.record.name,
    value: node,
  }));
  return await parts.dialogs.pick('Close Opened Path', options);
}

/** Shows an object read-only in an editor. */
export const openObject: Handler = async (parts, node) => {
  const [target] = await entryTargets(parts, 'Open Object', ['object'], node);
  if (target) await openEntry(parts, target.credential, target.entry);
};

async function openEntry({ dialogs }: Parts, { id }: CredentialNode, entry: Entry): Promise<void> {
  if ((entry.size ?? 0) > askAbove) {
    const sure = await dialogs.confirm({
      title: `Open a large object: ${showName(entry.name)}`,
      detail: [`It is downloaded whole to be shown: ${formatBytes(entry.size ?? 0)}`],
      button: 'Open',
    });
    if (!sure) return;
  }
  const uri = Uri.from({ scheme: objectScheme, ...addressToDocument({ credentialId: id, entry }) });
  await commands.executeCommand('vscode.open', uri, { preview: true });
}

export const copyPath: Handler = async (parts, node, nodes) => {
  const targets = await entryTargets(parts, 'Copy Path', ['container', 'folder', 'object'], node, nodes);
  if (targets.length > 0) await env.clipboard.writeText(targets.map(({ entry }) => entry.path).join('\n'));
};

export const copyUrl: Handler = async (parts, node, nodes) => {
  const targets = await entryTargets(parts, 'Copy URL', ['container', 'folder', 'object'], node, nodes);
  const urls = targets.flatMap(
    ({ entry, credential }) => credential.provider.urlOf(entry, credential.record.settings) ?? [],
  );
  if (urls.length > 0) await env.clipboard.writeText(urls.join('\n'));
};

/** Copies the URLs under which ClearML registers objects: what a task's artifacts hold. */
export const copyArtifactUrl: Handler = async (parts, node, nodes) => {
  const targets = await entryTargets(parts, 'Copy Artifact URL', ['object'], node, nodes);
  const urls = targets
    .flatMap(({ entry, credential }) => credential.provider.artifactUrlOf(entry, credential.record.settings) ?? [])
    // In a list of lines, a name with a line break would be read as several.
    .filter((url) => !/[\r\n]/.test(url));
  if (urls.length > 0) await env.clipboard.writeText(urls.join('\n'));
  else if (targets.length > 0) void parts.dialogs.notify('info', 'ClearML has no URL for this.');
};

export const showLog: Handler = async ({ log }) => log.show();
