import { type Event, EventEmitter, type TreeDataProvider, type TreeItem, type Uri } from 'vscode';
import { fullSentence } from '../browse/listing.ts';
import type { OpenedPlaces } from '../browse/openedPlaces.ts';
import type { Provider } from '../core/provider.ts';
import { type Entry, identityOf, type ListQuery, type Page, type Place } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';
import type { CredentialStore } from '../credentials/credentialStore.ts';
import type { CredentialRecord, StoredCredential } from '../credentials/record.ts';
import { type Rival, rivalsAmong } from '../credentials/scopes.ts';
import type { SecretVault } from '../credentials/secretVault.ts';
import type { Sessions } from '../sessions/sessions.ts';
import {
  CredentialNode,
  credentialOf,
  EntryNode,
  isListed,
  type ListedNode,
  type Node,
  type ProviderNode,
  UploadsNode,
} from './nodes.ts';
import { treeItemOf } from './treeItems.ts';
import type { Verifications } from './verifications.ts';

interface Parts {
  readonly store: CredentialStore;
  readonly vault: SecretVault;
  readonly sessions: Sessions;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly verifications: Verifications;
  readonly opened: OpenedPlaces;
  readonly iconOf: (providerId: string) => { readonly light: Uri; readonly dark: Uri };
  /** Is told of failures that no caller waits for. */
  readonly report: (error: unknown) => void;
}

/** The view's rows: provider → credential → containers → folders → objects. Nodes live on, so that one of them can be refreshed alone. */
export class CredentialsTree implements TreeDataProvider<Node> {
  readonly #parts: Parts;
  readonly #changed = new EventEmitter<Node | undefined>();
  readonly #providerNodes = new Map<string, ProviderNode>();
  readonly #credentials = new Map<string, CredentialNode>();
  readonly #entries = new Map<string, EntryNode>();
  #locked: ReadonlySet<string> = new Set();
  #rivals: ReadonlyMap<CredentialNode, Rival> = new Map();
  /** Found locked only by trying to use them. */
  readonly #refused = new Set<string>();

  readonly onDidChangeTreeData: Event<Node | undefined> = this.#changed.event;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  getTreeItem(node: Node): TreeItem {
    return treeItemOf(node, {
      verification: node.kind === 'credential' ? this.#parts.verifications.of(node.record) : undefined,
      locked: node.kind === 'credential' && this.isLocked(node.record),
      rival: node.kind === 'credential' ? this.#rivals.get(node) : undefined,
      iconOf: this.#parts.iconOf,
    });
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) return this.#roots();
    if (node.kind === 'provider') return this.#credentialsOf(node.provider);
    return isListed(node) ? this.#rowsOf(node) : [];
  }

  getParent(node: Node): Node | undefined {
    if (node.kind === 'credential') return this.#providerNode(node.provider);
    return 'parent' in node ? node.parent : undefined;
  }

  /** Whether the secret of a credential is known to be lost or refused. */
  isLocked({ id, revision }: CredentialRecord): boolean {
    return this.#locked.has(id) || this.#refused.has(`${id}/${revision}`);
  }

  /** Marks a credential whose secret turned out to be locked when it was used. */
  markLocked(id: string): void {
    const node = this.#credentials.get(id);
    if (!node || this.isLocked(node.record)) return;
    this.#refused.add(`${id}/${node.record.revision}`);
    queueMicrotask(() => this.#changed.fire(node));
  }

  /** Every credential that can be read, as its row; made if need be. */
  async credentials(): Promise<readonly CredentialNode[]> {
    const nodes = (await this.#parts.store.list()).flatMap((stored) => this.#credentialNode(stored) ?? []);
    this.#rivals = rivalsAmong(nodes);
    return nodes;
  }

  /** Asks the server again for what stands below a node; for all nodes without one. */
  refresh(node?: Node): void {
    if (!node) for (const each of [...this.#credentials.values(), ...this.#entries.values()]) each.forget();
    else if (isListed(node)) this.#forgetBelow(node);
    this.#changed.fire(node);
  }

  /** Draws a row again; asks no server. */
  redraw(node?: Node): void {
    this.#changed.fire(node);
  }

  /** Draws the credentials again after one was added, edited or removed, by this window or another. A row whose record is the same stays: one that is being unfolded would fold again. */
  redrawCredentials(changed: readonly string[]): void {
    for (const id of changed) {
      const node = this.#credentials.get(id);
      if (node) this.#forgetBelow(node);
    }
    this.#changed.fire(undefined);
  }

  entryNode(entry: Entry, parent: ListedNode, opened = false): EntryNode {
    const made = new EntryNode(entry, parent, this.#fetchPage(credentialOf(parent).record.id), opened);
    const known = this.#entries.get(made.id);
    if (known && sameFacts(known.entry, entry) && known.parent === parent) return known;
    if (known) made.adjustAs(known);
    this.#entries.set(made.id, made);
    return made;
  }

  /** The other rows that show the same place, as one that was also opened by its path. */
  twinsOf(node: ListedNode): readonly EntryNode[] {
    if (!(node instanceof EntryNode)) return [];
    const identity = identityOf(node.entry);
    return [...this.#entries.values()].filter(
      (other) => other !== node && other.credential === node.credential && identityOf(other.entry) === identity,
    );
  }

  async #roots(): Promise<Node[]> {
    const stored = await this.#parts.store.list();
    await this.#lookForLocked(stored);
    const used = new Set(stored.flatMap((found) => (found.kind === 'readable' ? [found.record.provider] : [])));
    const providers = [...this.#parts.providers.values()].filter(({ id }) => used.has(id));
    providers.sort((a, b) => a.label.localeCompare(b.label));
    const unreadable = stored.flatMap((found): Node[] => {
      const sentence = this.#whyUnreadable(found);
      const label = found.kind === 'readable' ? found.record.name : found.id;
      return sentence === undefined ? [] : [{ kind: 'unreadable', id: found.id, label, sentence, stored: found }];
    });
    return [...providers.map((provider) => this.#providerNode(provider)), ...unreadable];
  }

  async #credentialsOf(provider: Provider): Promise<Node[]> {
    return (await this.credentials()).filter((node) => node.provider === provider);
  }

  async #rowsOf(node: ListedNode): Promise<Node[]> {
    if (node.kind === 'entry' && !node.place) return [];
    const { entries, more, error } = await node.listing.load();
    const rows: Node[] = entries.map((entry) => this.entryNode(entry, node));
    if (node.kind === 'credential') rows.unshift(...this.#openedRows(node, entries));
    const message = (sentence: string, filters?: true): Node => ({
      kind: 'message',
      id: `${node.id}/message`,
      parent: node,
      sentence,
      ...(error ? { error } : {}),
      ...(filters ? { filters } : {}),
    });
    if (error) return [...rows, message(error.message)];
    if (more === 'loadable') rows.push({ kind: 'loadMore', id: `${node.id}/more`, parent: node });
    if (more === 'full') rows.push(message(fullSentence(), true));
    if (rows.length === 0) {
      rows.push(message(node.filter === '' ? emptySentence(node) : `Nothing begins with: ${showName(node.filter)}`));
    }
    return [...rows, ...this.#uploadsBelow(node)];
  }

  #uploadsBelow(node: ListedNode): Node[] {
    if (node.kind !== 'entry' || node.entry.kind !== 'container') return [];
    const { provider, record } = node.credential;
    if (!provider.capabilities.has('uploads')) return [];
    node.uploads ??= new UploadsNode(node, this.#fetchPage(record.id, 'uploads'));
    return [node.uploads];
  }

  /** What was opened by its path, unless the listing shows it anyway. */
  #openedRows(node: CredentialNode, listed: readonly Entry[]): Node[] {
    const shown = new Set(listed.map(({ path }) => path));
    return this.#parts.opened
      .of(node.id)
      .flatMap((entry) => (shown.has(entry.path) ? [] : [this.entryNode(entry, node, true)]));
  }

  #providerNode(provider: Provider): ProviderNode {
    const known = this.#providerNodes.get(provider.id) ?? { kind: 'provider', id: provider.id, provider };
    this.#providerNodes.set(provider.id, known);
    return known;
  }

  #credentialNode(stored: StoredCredential): CredentialNode | undefined {
    if (stored.kind !== 'readable') return undefined;
    const provider = this.#parts.providers.get(stored.record.provider);
    if (!provider) return undefined;
    const known = this.#credentials.get(stored.id);
    // The whole record: somebody may have written into its file by hand.
    if (known && JSON.stringify(known.record) === JSON.stringify(stored.record)) return known;
    const made = new CredentialNode(stored.record, provider, this.#fetchPage(stored.id));
    this.#credentials.set(stored.id, made);
    return made;
  }

  #fetchPage(credentialId: string, method: 'list' | 'uploads' = 'list') {
    return async (at: Place, query: ListQuery): Promise<Page> => {
      await using lease = await this.#parts.sessions.open(credentialId);
      const page = await lease.client[method]?.(at, query, { signal: AbortSignal.timeout(60_000) });
      return page ?? { entries: [] };
    };
  }

  async #lookForLocked(stored: readonly StoredCredential[]): Promise<void> {
    const records = stored.flatMap((found) => (found.kind === 'readable' ? [found.record] : []));
    try {
      this.#locked = await this.#parts.vault.missing(records);
    } catch (error) {
      // A keyring that can't even be asked must not hide the credentials.
      this.#parts.report(error);
    }
  }

  #whyUnreadable(found: StoredCredential): string | undefined {
    if (found.kind !== 'readable') return found.sentence;
    if (this.#parts.providers.has(found.record.provider)) return undefined;
    return `This version of Storage Credentials doesn't know the provider: ${found.record.provider}`;
  }

  #forgetBelow(node: ListedNode): void {
    node.forget();
    for (const [id, entry] of this.#entries) {
      if (id.startsWith(`${node.id}/`)) {
        entry.forget();
        if (!entry.isAdjusted) this.#entries.delete(id);
      }
    }
  }
}

function emptySentence(node: ListedNode): string {
  if (node.kind === 'credential') return `No ${node.provider.noun.many} yet`;
  if (node.kind === 'uploads') return 'No unfinished uploads';
  return node.entry.kind === 'container'
    ? `This ${node.credential.provider.noun.one} is empty`
    : 'This folder is empty';
}

function sameFacts(a: Entry, b: Entry): boolean {
  return (
    a.size === b.size &&
    a.modified === b.modified &&
    a.tag === b.tag &&
    a.storageClass === b.storageClass &&
    a.version?.latest === b.version?.latest &&
    JSON.stringify(a.locks) === JSON.stringify(b.locks)
  );
}
