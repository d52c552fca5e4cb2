import { commands, env, Uri } from 'vscode';
import { addressToDocument } from '../browse/objectAddress.ts';
import { parseTypedPath } from '../browse/typedPath.ts';
import { formatBytes, showName } from '../core/text.ts';
import { EntryNode } from '../tree/nodes.ts';
import { objectScheme } from '../ui/objectFiles.ts';
import type { Handler, Parts } from './parts.ts';
import { askPrefix, credentialTarget, entryTargets, listedTarget } from './targets.ts';

/** Above so many bytes, opening an object asks first. */
const askAbove = 5_000_000;

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

/** The way in for keys that may not list: the place becomes a row under its credential. */
export const openPath: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Open Bucket or Path', node);
  if (!target) return;
  const { one } = target.provider.noun;
  const typed = await parts.dialogs.ask({
    title: `Open in: ${target.record.name}`,
    prompt: `The name of a ${one}, or a path in it, such as my-${one}/folder/`,
    refuse: (text) => (parseTypedPath(text) ? undefined : `Begin with the name of a ${one}.`),
  });
  const place = typed === undefined ? undefined : parseTypedPath(typed);
  if (!place || place.kind === 'root') return;
  const entry = await parts.opened.open(target.id, place);
  parts.tree.redraw(target);
  await parts.view.reveal(parts.tree.entryNode(entry, target, true), { select: true, focus: true, expand: true });
};

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
  if (!target) return;
  const { entry, credential } = target;
  if ((entry.size ?? 0) > askAbove) {
    const sure = await parts.dialogs.confirm({
      title: `Open a large object: ${showName(entry.name)}`,
      detail: [`It is downloaded whole to be shown: ${formatBytes(entry.size ?? 0)}`],
      button: 'Open',
    });
    if (!sure) return;
  }
  await showObject({ credentialId: credential.id, entry });
};

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

export const showLog: Handler = async ({ log }) => log.show();
