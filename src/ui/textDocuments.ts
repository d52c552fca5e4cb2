import { commands, type Disposable, EventEmitter, Uri, window, workspace } from 'vscode';

/** The scheme of documents that say what was found out. */
export const textScheme = 'storage-credentials-text';

let opened: TextDocuments | undefined;

/** The window's documents of this kind, registered with the first. */
export function textDocuments(own: (disposable: Disposable) => void): TextDocuments {
  if (!opened) {
    opened = new TextDocuments();
    own(opened);
  }
  return opened;
}

/** Texts as read-only documents, each kept while it is open. */
class TextDocuments implements Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new EventEmitter<Uri>();
  readonly #parts: readonly Disposable[];

  constructor() {
    this.#parts = [
      workspace.registerTextDocumentContentProvider(textScheme, {
        onDidChange: this.#changed.event,
        provideTextDocumentContent: ({ path }) => this.#texts.get(path) ?? 'Ask again to see this.',
      }),
      workspace.onDidCloseTextDocument(({ uri }) => uri.scheme === textScheme && this.#texts.delete(uri.path)),
      this.#changed,
    ];
  }

  /** Shown again for the same subject, it is the same document with the new text. The title is safe as the name of a file. */
  async show(subject: string, title: string, text: string): Promise<void> {
    const uri = Uri.from({ scheme: textScheme, path: `/${Buffer.from(subject).toString('base64url')}/${title}.txt` });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true });
  }

  /** Two texts beside each other, with what differs between them. */
  async showDifference(subject: string, title: string, before: string, after: string): Promise<void> {
    const [left, right] = (['before', 'after'] as const).map((side) =>
      Uri.from({
        scheme: textScheme,
        path: `/${Buffer.from(`${subject} ${side}`).toString('base64url')}/${title}.txt`,
      }),
    );
    if (!left || !right) return;
    for (const [uri, text] of [
      [left, before],
      [right, after],
    ] as const) {
      this.#texts.set(uri.path, text);
      this.#changed.fire(uri);
    }
    await commands.executeCommand('vscode.diff', left, right, title, { preview: true });
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }
}
