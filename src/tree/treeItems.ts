import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState, type Uri } from 'vscode';
import { type ErrorKind, isMissingChunk } from '../core/errors.ts';
import { renewableFields } from '../core/settings.ts';
import type { Capability, Entry, Lock } from '../core/storageClient.ts';
import { formatBytes, showName } from '../core/text.ts';
import type { Verification } from '../core/verification.ts';
import { type Rival, scopeText } from '../credentials/scopes.ts';
import { isLocked } from '../credentials/secretVault.ts';
import { entryLabel } from './entryLabel.ts';
import type { CredentialNode, EntryNode, ListedNode, MessageNode, Node } from './nodes.ts';

/** What a row shows beside what its node knows. */
export interface Standing {
  readonly verification: Verification | undefined;
  readonly locked: boolean;
  /** Another credential for the same. */
  readonly rival: Rival | undefined;
  readonly iconOf: (providerId: string) => { readonly light: Uri; readonly dark: Uri };
}

const { Collapsed, Expanded, None } = TreeItemCollapsibleState;

/** How a node looks. Tooltips are plain text: names from a server are never read as Markdown. */
export function treeItemOf(node: Node, standing: Standing): TreeItem {
  const item = draw(node, standing);
  item.id = node.id;
  return item;
}

function draw(node: Node, standing: Standing): TreeItem {
  switch (node.kind) {
    case 'provider': {
      const item = new TreeItem(node.provider.label, Expanded);
      item.iconPath = standing.iconOf(node.provider.id);
      item.contextValue = 'provider';
      return item;
    }
    case 'credential':
      return drawCredential(node, standing);
    case 'unreadable': {
      const item = new TreeItem(showName(node.label), None);
      item.iconPath = new ThemeIcon('warning', new ThemeColor('list.warningForeground'));
      item.description = node.sentence;
      item.tooltip = node.sentence;
      item.contextValue = 'unreadable';
      return item;
    }
    case 'entry':
      return drawEntry(node);
    case 'uploads': {
      const item = new TreeItem('Unfinished Uploads', Collapsed);
      item.iconPath = new ThemeIcon('cloud-upload');
      item.contextValue = 'uploads';
      return item;
    }
    case 'loadMore': {
      const item = new TreeItem('Load More…', None);
      item.iconPath = new ThemeIcon('ellipsis');
      item.command = { command: 'storageCredentials.loadMore', title: 'Load More', arguments: [node] };
      return item;
    }
    case 'message':
      return drawMessage(node);
  }
}

function drawCredential(node: CredentialNode, { verification, locked, rival }: Standing): TreeItem {
  const { record, provider } = node;
  const scope = provider.scopeOf(record.settings);
  const warning = provider.warn(record.settings);
  const item = new TreeItem(showName(record.name), Collapsed);
  const standing = locked ? 'locked' : warning !== undefined && verification?.works ? 'verified' : '';
  const overruled = rival?.wins && `same scope as ${showName(rival.name)}`;
  const isDefault = scope !== undefined && scope.container === undefined && 'default';
  item.description = joined(
    provider.describe(record.settings),
    overruled || isDefault,
    standing,
    filterText(node.filter),
  );
  item.iconPath = credentialIcon(verification, locked, warning);
  item.tooltip = [
    `${record.name} (${provider.label})`,
    scope && `For URLs it is ${scopeText(scope, provider)}.`,
    rival && `Another credential is for the same. URLs go to: ${rival.wins ? rival.name : record.name}`,
    ...(locked ? ['Locked: the secret must be entered again.'] : verificationLines(verification)),
    warning,
  ]
    .filter((line) => line !== undefined)
    .map(showName)
    .join('\n');
  item.contextValue = [
    'credential',
    provider.capabilities.has('createContainer') && 'can:createContainer',
    locked && 'is:locked',
    node.filter !== '' && 'is:filtered',
  ]
    .filter(Boolean)
    .join(' ');
  return item;
}

function credentialIcon(
  verification: Verification | undefined,
  locked: boolean,
  warning: string | undefined,
): ThemeIcon {
  if (locked) return new ThemeIcon('lock', new ThemeColor('list.warningForeground'));
  if (verification && !verification.works) return new ThemeIcon('error', new ThemeColor('list.errorForeground'));
  if (warning !== undefined) return new ThemeIcon('warning', new ThemeColor('list.warningForeground'));
  return verification ? new ThemeIcon('verified', new ThemeColor('testing.iconPassed')) : new ThemeIcon('key');
}

function verificationLines(verification: Verification | undefined): readonly string[] {
  if (!verification) return ['Not verified yet.'];
  const when = new Date(verification.at).toLocaleString();
  const { works, sentence, expires } = verification;
  const result = `${works ? 'Verified' : 'Verification failed'}: ${when}`;
  return [result, sentence, ...(expires === undefined ? [] : [expiryText(expires)])];
}

function expiryText(expires: number): string {
  return `${expires > Date.now() ? 'The keys expire' : 'The keys have expired'}: ${new Date(expires).toLocaleString()}`;
}

function drawEntry(node: EntryNode): TreeItem {
  const { entry, credential } = node;
  const opens = node.place !== undefined;
  const opensObject = entry.kind === 'object' && !entry.version?.marker && credential.provider.capabilities.has('read');
  const item = new TreeItem(entryLabel(entry), opens ? Collapsed : None);
  item.iconPath = new ThemeIcon(iconOf(entry));
  item.description = opens ? joined(node.versions && 'versions', filterText(node.filter)) : factsText(entry);
  item.tooltip = entryTooltip(node);
  const { capabilities } = credential.provider;
  item.contextValue = [
    entry.kind,
    ...offered[entry.version?.marker ? 'marker' : entry.kind]
      .filter((each) => capabilities.has(each))
      .map((each) => `can:${each}`),
    opens && node.versions && 'is:versions',
    entry.version?.marker && capabilities.has('restore') && 'can:restore',
    node.filter !== '' && 'is:filtered',
    node.opened && 'is:opened',
  ]
    .filter(Boolean)
    .join(' ');
  if (opensObject) {
    item.command = { command: 'storageCredentials.openObject', title: 'Open', arguments: [node] };
  }
  return item;
}

/** What menus offer on a row, where the provider can do it. */
const offered: Readonly<Record<Entry['kind'] | 'marker', readonly Capability[]>> = {
  container: ['remove', 'versions', 'properties', 'removeContainer', 'lifecycle'],
  folder: ['remove', 'versions', 'lifecycle'],
  object: ['remove', 'read', 'versions', 'share', 'properties'],
  marker: ['remove', 'versions'],
  upload: ['remove'],
};

const entryIcons = { container: 'archive', folder: 'folder', object: 'file', upload: 'cloud-upload' } as const;

function iconOf({ kind, version, locks = [] }: Entry): string {
  if (locks.length > 0) return 'lock';
  if (version?.marker) return 'circle-slash';
  return kind === 'object' && version && !version.latest ? 'history' : entryIcons[kind];
}

/** '1.2 kB', and of a version what it is: 'current · 1.2 kB · 11/22/2026, 3:42:00 PM · 3ab8c1Qz'. */
function factsText({ kind, size, modified, version }: Entry): string {
  const bytes = size === undefined || version?.marker ? '' : formatBytes(size);
  if (!version) return bytes;
  const when = modified !== undefined && new Date(modified).toLocaleString();
  const standing = version.marker ? 'delete marker' : version.latest && 'current';
  return joined(standing, bytes, when, kind === 'object' && showName(version.id.slice(0, 8)));
}

function lockText({ kind, bypassable, until }: Lock): string {
  if (kind !== 'retention') return kind === 'lease' ? 'Leased' : 'Legal hold';
  const end = until === undefined ? '' : `: until ${new Date(until).toLocaleString()}`;
  return `Locked, ${bypassable ? 'governance' : 'compliance'} mode${end}`;
}

function entryTooltip({ entry, credential }: EntryNode): string {
  const { size, modified, storageClass, tag, version, locks = [] } = entry;
  const created = entry.kind === 'container' ? 'Created' : entry.kind === 'upload' ? 'Begun' : 'Modified';
  return [
    entry.kind === 'container' ? `${showName(entry.path)} (${credential.provider.noun.one})` : showName(entry.path),
    size === undefined ? undefined : `Size: ${formatBytes(size)}`,
    modified === undefined ? undefined : `${created}: ${new Date(modified).toLocaleString()}`,
    storageClass === undefined ? undefined : `Storage class: ${showName(storageClass)}`,
    tag === undefined ? undefined : `ETag: ${showName(tag)}`,
    version &&
      `${entry.kind === 'upload' ? 'Upload' : version.marker ? 'Delete marker' : 'Version'}: ${showName(version.id)}`,
    ...locks.map(lockText),
  ]
    .filter((line) => line !== undefined)
    .join('\n');
}

function drawMessage(node: MessageNode): TreeItem {
  const { error, parent } = node;
  const item = new TreeItem(showName(node.sentence), None);
  if (!error) {
    item.iconPath = new ThemeIcon(node.filters ? 'filter' : 'info');
    if (node.filters)
      item.command = { command: 'storageCredentials.filterByPrefix', title: 'Filter', arguments: [parent] };
    return item;
  }
  const way = wayOn(node);
  item.iconPath = new ThemeIcon(
    error.kind === 'forbidden' ? 'circle-slash' : 'error',
    new ThemeColor('list.errorForeground'),
  );
  item.description = way.title;
  item.tooltip = [node.sentence, error.hint, error.detail, `Click: ${way.title}`]
    .filter(Boolean)
    .map((line) => showName(String(line)))
    .join('\n');
  item.command = { command: way.command, title: way.title, arguments: [parent] };
  item.accessibilityInformation = { label: `${showName(node.sentence)} ${way.title}` };
  return item;
}

const ways: Partial<Record<ErrorKind, { command: string; title: string }>> = {
  unauthenticated: { command: 'storageCredentials.editCredential', title: 'Edit Credential' },
  'invalid-settings': { command: 'storageCredentials.editCredential', title: 'Edit Credential' },
  'untrusted-server': { command: 'storageCredentials.editCredential', title: 'Edit Credential' },
};

function wayOn({ error, parent }: MessageNode): { command: string; title: string } {
  if (isLocked(error)) return { command: 'storageCredentials.enterSecretAgain', title: 'Enter Secret Again' };
  if (isMissingChunk(error)) return { command: 'workbench.action.reloadWindow', title: 'Reload Window' };
  if (error?.kind === 'forbidden' && parent.kind === 'credential') {
    return { command: 'storageCredentials.openPath', title: `Open ${capital(parent.provider.noun.one)} or Path…` };
  }
  if (error?.kind === 'expired' && isRenewable(parent)) {
    return { command: 'storageCredentials.enterNewKeys', title: 'Enter New Keys' };
  }
  return (error && ways[error.kind]) ?? { command: 'storageCredentials.refresh', title: 'Try Again' };
}

/** Whether new keys can be entered; where this machine gives them, looking again is the way on. */
function isRenewable(node: ListedNode): boolean {
  const { provider, record } = node.kind === 'credential' ? node : node.credential;
  return renewableFields(provider.fields, record.settings).length > 0;
}

function joined(...parts: readonly (string | false)[]): string {
  return parts.filter(Boolean).join(' · ');
}

function filterText(prefix: string): string {
  return prefix === '' ? '' : `filter: ${showName(prefix)}*`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
