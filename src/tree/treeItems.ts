import { ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState, type Uri } from 'vscode';
import { renewableFields } from '../core/drafts.ts';
import { type ErrorKind, isMissingChunk } from '../core/errors.ts';
import { formatBytes, showName } from '../core/text.ts';
import type { Verification } from '../core/verification.ts';
import { isLocked } from '../credentials/secretVault.ts';
import type { CredentialNode, EntryNode, ListedNode, MessageNode, Node } from './nodes.ts';

/** What a row shows beside what its node knows. */
export interface Standing {
  readonly verification: Verification | undefined;
  readonly locked: boolean;
  readonly iconOf: (providerId: string) => Uri;
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

function drawCredential(node: CredentialNode, { verification, locked }: Standing): TreeItem {
  const { record, provider } = node;
  const warning = provider.warn(record.settings);
  const item = new TreeItem(showName(record.name), Collapsed);
  const verified = warning !== undefined && verification?.works ? 'verified' : '';
  item.description = [provider.describe(record.settings), verified, filterText(node.filter)]
    .filter(Boolean)
    .join(' · ');
  item.iconPath = credentialIcon(verification, locked, warning);
  item.tooltip = [
    `${record.name} (${provider.label})`,
    locked ? 'Locked: the secret must be entered again.' : verificationText(verification),
    warning,
  ]
    .filter((line) => line !== undefined)
    .map(showName)
    .join('\n');
  item.contextValue = ['credential', locked && 'is:locked', node.filter !== '' && 'is:filtered']
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

function verificationText(verification: Verification | undefined): string {
  if (!verification) return 'Not verified yet.';
  const when = new Date(verification.at).toLocaleString();
  const { works, sentence, expires } = verification;
  return [`${works ? 'Verified' : 'Verification failed'}: ${when}`, sentence, expires && expiryText(expires)]
    .filter(Boolean)
    .join('\n');
}

function expiryText(expires: number): string {
  return `${expires > Date.now() ? 'The keys expire' : 'The keys have expired'}: ${new Date(expires).toLocaleString()}`;
}

function drawEntry(node: EntryNode): TreeItem {
  const { entry, credential } = node;
  const opens = entry.kind !== 'object';
  const item = new TreeItem(showName(entry.name) || '(no name)', opens ? Collapsed : None);
  item.iconPath = new ThemeIcon(entryIcons[entry.kind]);
  item.description = entry.kind === 'object' ? sizeText(entry.size) : filterText(node.filter);
  item.tooltip = entryTooltip(node);
  const { capabilities } = credential.provider;
  item.contextValue = [
    entry.kind,
    capabilities.has('remove') && 'can:remove',
    entry.kind === 'object' && capabilities.has('read') && 'can:read',
    node.filter !== '' && 'is:filtered',
    node.opened && 'is:opened',
  ]
    .filter(Boolean)
    .join(' ');
  if (entry.kind === 'object' && capabilities.has('read')) {
    item.command = { command: 'storageCredentials.openObject', title: 'Open', arguments: [node] };
  }
  return item;
}

const entryIcons = { container: 'archive', folder: 'folder', object: 'file', upload: 'cloud-upload' } as const;

function entryTooltip({ entry, credential }: EntryNode): string {
  const { size, modified, storageClass, tag } = entry;
  const created = entry.kind === 'container' ? 'Created' : 'Modified';
  return [
    entry.kind === 'container' ? `${showName(entry.path)} (${credential.provider.noun.one})` : showName(entry.path),
    size === undefined ? undefined : `Size: ${formatBytes(size)}`,
    modified === undefined ? undefined : `${created}: ${new Date(modified).toLocaleString()}`,
    storageClass === undefined ? undefined : `Storage class: ${showName(storageClass)}`,
    tag === undefined ? undefined : `ETag: ${showName(tag)}`,
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

function sizeText(size: number | undefined): string {
  return size === undefined ? '' : formatBytes(size);
}

function filterText(prefix: string): string {
  return prefix === '' ? '' : `filter: ${showName(prefix)}*`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
