import { EventEmitter, type TreeDataProvider, type TreeItem } from 'vscode';
import type { KeptRemoval } from '../removal/keptRemovals.ts';

/** One row of the view of removals. */
export interface RemovalNode {
  readonly kind: 'removal';
  readonly kept: KeptRemoval;
  readonly item: TreeItem;
}

/** The view of removals: what runs, what was interrupted, what has ended. Its code is loaded when it is first looked at. */
export class RemovalsTree implements TreeDataProvider<RemovalNode> {
  readonly #changed = new EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #storage: string;
  #shown = false;

  constructor(storage: string) {
    this.#storage = storage;
  }

  async getChildren(node?: RemovalNode): Promise<RemovalNode[]> {
    if (node) return [];
    const { removalRows, watchRunning } = await import('./removalRows.ts');
    if (!this.#shown) watchRunning(() => this.refresh());
    this.#shown = true;
    return await removalRows(this.#storage);
  }

  getTreeItem({ item }: RemovalNode): TreeItem {
    return item;
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }
}
