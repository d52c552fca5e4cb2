import { fullSentence } from '../browse/listing.ts';
import type { Provider } from '../core/provider.ts';
import type { Entry } from '../core/storageClient.ts';
import { formatBytes, showName } from '../core/text.ts';
import { entryLabel } from '../tree/entryLabel.ts';
import { type BrowsedNode, CredentialNode, EntryNode, isListed, type Node } from '../tree/nodes.ts';
import type { Option } from '../ui/dialogs.ts';
import type { Parts } from './parts.ts';

/**
 * The rows that a command means. A right-click passes its row, and all selected rows when it is one of them; a key passes
 * nothing and means the selection. Nothing when the palette called and no selection is in sight.
 */
export function targetsOf({ view }: Pick<Parts, 'view'>, node?: Node, nodes?: readonly Node[]): readonly Node[] {
  if (nodes !== undefined && nodes.length > 0) return nodes;
  if (node) return [node];
  return view.visible ? view.selection : [];
}

/** The credential that a command means; asks when nothing says it. */
export async function credentialTarget(parts: Parts, title: string, node?: Node): Promise<CredentialNode | undefined> {
  const [target] = targetsOf(parts, node);
  if (target instanceof CredentialNode) return target;
  if (node && target && isListed(target)) return target.credential;
  return await pickCredential(parts, title);
}

/** The entries that a command means, or one that is asked for. */
export async function entryTargets(
  parts: Parts,
  title: string,
  kinds: readonly Entry['kind'][],
  node?: Node,
  nodes?: readonly Node[],
): Promise<readonly EntryNode[]> {
  const entries = targetsOf(parts, node, nodes).filter((target) => target instanceof EntryNode);
  const meant = entries.filter(({ entry }) => kinds.includes(entry.kind));
  if (meant.length > 0 || node) return meant;
  const picked = await pickEntry(parts, title, kinds);
  return picked ? [picked] : [];
}

/** The row with a listing that a command means; asks for a credential or something in it. */
export async function listedTarget(parts: Parts, title: string, node?: Node): Promise<BrowsedNode | undefined> {
  const [target] = targetsOf(parts, node);
  if (target instanceof CredentialNode) return target;
  if (target instanceof EntryNode && target.place) return target;
  const credential = await pickCredential(parts, title);
  return credential && (await browseFor(parts, title, credential, ['container', 'folder'], true));
}

/** Asks for a prefix and lets the listing of a row show only what begins with it. */
export async function askPrefix({ dialogs, tree }: Parts, target: BrowsedNode): Promise<void> {
  const prefix = await dialogs.ask({
    title: `Filter by Prefix: ${pathOf(target)}`,
    prompt: 'Only names that begin with this are shown. The server is asked, so it reaches beyond what is loaded.',
    value: target.filter,
  });
  if (prefix === undefined || prefix === target.filter) return;
  target.filter = prefix;
  tree.redraw(target);
}

export async function pickCredential(parts: Parts, title: string): Promise<CredentialNode | undefined> {
  const credentials = await parts.tree.credentials();
  if (credentials.length === 0) {
    const add = 'Add Credential';
    const answer = await parts.dialogs.notify('info', 'No Cloud Credentials configured', [add]);
    if (answer === add) await parts.forms.add();
    return undefined;
  }
  return await parts.dialogs.pick(
    title,
    credentials.map((node) => ({
      label: node.record.name,
      description: [node.provider.label, node.provider.describe(node.record.settings)].filter(Boolean).join(' · '),
      value: node,
    })),
  );
}

async function pickEntry(parts: Parts, title: string, kinds: readonly Entry['kind'][]): Promise<EntryNode | undefined> {
  const credential = await pickCredential(parts, title);
  const found = credential && (await browseFor(parts, title, credential, kinds, false));
  return found instanceof EntryNode ? found : undefined;
}

type Step =
  | { readonly kind: 'this' | 'up' | 'more' | 'filter' }
  | { readonly kind: 'into' | 'choose'; readonly node: EntryNode };

/** Walks through a credential by quick picks, as clicks in the tree would. */
async function browseFor(
  parts: Parts,
  title: string,
  start: BrowsedNode,
  kinds: readonly Entry['kind'][],
  startCounts: boolean,
): Promise<BrowsedNode | undefined> {
  let at = start;
  for (;;) {
    const { entries, more, error } = await at.listing.load();
    const opened = openedOptions(parts, at, kinds);
    if (error && entries.length + opened.length === 0) {
      at.forget();
      throw error;
    }
    const here = at instanceof EntryNode ? kinds.includes(at.entry.kind) : startCounts;
    const itself = here ? [{ label: `This ${nounOf(at)}: ${pathOf(at)}`, value: { kind: 'this' } as const }] : [];
    // Where a single object may be meant, Enter must not choose everything.
    const itselfLast = kinds.includes('object');
    const step = await parts.dialogs.pick(`${title}: ${pathOf(at)}`, [
      ...(itselfLast ? [] : itself),
      ...(at instanceof EntryNode ? [{ label: '..', description: 'Up', value: { kind: 'up' } as const }] : []),
      ...opened,
      ...entries.flatMap((entry) => optionOf(parts.tree.entryNode(entry, at), kinds)),
      ...(more === 'loadable' ? [{ label: 'Load More…', value: { kind: 'more' } as const }] : []),
      ...(more === 'full'
        ? [{ label: 'Filter by Prefix…', description: fullSentence(), value: { kind: 'filter' } as const }]
        : []),
      ...(itselfLast ? itself : []),
    ]);
    if (!step) return undefined;
    if (step.kind === 'this') return at;
    if (step.kind === 'choose') return step.node;
    if (step.kind === 'into') at = step.node;
    if (step.kind === 'up' && at instanceof EntryNode) at = at.parent.kind === 'uploads' ? at.parent.parent : at.parent;
    if (step.kind === 'more') await loadMoreOf(at);
    if (step.kind === 'filter') await askPrefix(parts, at);
  }
}

async function loadMoreOf(at: BrowsedNode): Promise<void> {
  const { error } = await at.listing.loadMore();
  if (error) throw error;
}

function openedOptions(parts: Parts, at: BrowsedNode, kinds: readonly Entry['kind'][]): readonly Option<Step>[] {
  if (!(at instanceof CredentialNode)) return [];
  return parts.opened.of(at.id).flatMap((entry) => optionOf(parts.tree.entryNode(entry, at, true), kinds));
}

function optionOf(node: EntryNode, kinds: readonly Entry['kind'][]): readonly Option<Step>[] {
  const { kind, size } = node.entry;
  const label = entryLabel(node.entry);
  if (kind !== 'object') return [{ label: `${label}/`, value: { kind: 'into', node } }];
  if (!kinds.includes('object')) return [];
  return [
    { label, ...(size === undefined ? {} : { description: formatBytes(size) }), value: { kind: 'choose', node } },
  ];
}

function pathOf(node: BrowsedNode): string {
  return node instanceof EntryNode ? showName(node.entry.path) : showName(node.record.name);
}

function nounOf(node: BrowsedNode): string {
  if (node instanceof CredentialNode) return 'credential';
  return node.entry.kind === 'container' ? providerOf(node).noun.one : node.entry.kind;
}

function providerOf(node: EntryNode): Provider {
  return node.credential.provider;
}
