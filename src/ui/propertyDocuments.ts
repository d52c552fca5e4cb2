import { type Disposable, EventEmitter, Uri, window, workspace } from 'vscode';
import { fileNameOf } from '../browse/objectAddress.ts';
import { type Entry, identityOf } from '../core/storageClient.ts';

const scheme = 'storage-credentials-properties';

let opened: PropertyDocuments | undefined;

/** The window's property documents, registered with the first. */
export function propertyDocuments(own: (disposable: Disposable) => void): PropertyDocuments {
  if (!opened) {
    opened = new PropertyDocuments();
    own(opened);
  }
  return opened;
}

/** What is known of an entry as a read-only document, kept while it is open. */
class PropertyDocuments implements Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new EventEmitter<Uri>();
  readonly #parts: readonly Disposable[];

  constructor() {
    this.#parts = [
      workspace.registerTextDocumentContentProvider(scheme, {
        onDidChange: this.#changed.event,
        provideTextDocumentContent: ({ path }) => this.#texts.get(path) ?? 'Show the properties again to see them.',
      }),
      workspace.onDidCloseTextDocument(({ uri }) => uri.scheme === scheme && this.#texts.delete(uri.path)),
      this.#changed,
    ];
  }

  /** Shown again for the same entry, it is the same document with the new text. */
  async show(credentialId: string, entry: Entry, text: string): Promise<void> {
    const code = Buffer.from(`${credentialId}${identityOf(entry)}`).toString('base64url');
    const uri = Uri.from({ scheme, path: `/${code}/${fileNameOf(entry.name)} Properties.txt` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }
}
