import { type Disposable, type Uri, type WebviewPanel, window } from 'vscode';
import type { EditStart, FormStart } from './credentialForms.ts';
import type { FormHost, TabbedForms } from './formPanel.ts';

/** The type of the form's tabs; package.json activates the extension on it. */
export const formViewType = 'storageCredentials.form';

/** The forms, whose code is loaded when the first one is shown. */
export class Forms implements Disposable {
  readonly #load: () => Promise<TabbedForms>;
  readonly #serializer: Disposable;
  #loaded: Promise<TabbedForms> | undefined;

  constructor(extensionUri: Uri, host: FormHost) {
    this.#load = async () => (await import('./formPanel.ts')).createTabbedForms(formViewType, extensionUri, host);
    this.#serializer = window.registerWebviewPanelSerializer(formViewType, {
      deserializeWebviewPanel: async (panel: WebviewPanel, kept: unknown) =>
        (await this.#forms()).restoreTab(panel, kept),
    });
  }

  /** Opens the form of a new credential, or reveals it. */
  async add(start: FormStart = {}): Promise<void> {
    await (await this.#forms()).add(start);
  }

  /** Opens the form of a credential, or reveals it. */
  async edit(id: string, start: EditStart = {}): Promise<void> {
    await (await this.#forms()).edit(id, start);
  }

  /** Brings open forms up to date after credentials changed. */
  async refresh(): Promise<void> {
    await (await this.#loaded)?.refresh();
  }

  dispose(): void {
    this.#serializer.dispose();
    void this.#loaded?.then((forms) => forms.closeAll());
  }

  #forms(): Promise<TabbedForms> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }
}
