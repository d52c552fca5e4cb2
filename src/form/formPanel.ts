import * as vscode from 'vscode';
import { StorageError } from '../core/errors.ts';
import { CredentialForms, type FormPanel, type FormsDependencies } from './credentialForms.ts';
import type { ChosenFile } from './dependencies.ts';
import { pageHtml } from './pageHtml.ts';
import { valueLimit } from './protocol.ts';

/** What the forms need of the rest of the extension. */
export interface FormHost extends Omit<FormsDependencies, 'ui'> {
  readonly ui: Omit<FormsDependencies['ui'], 'chooseFile'> & {
    /** The open dialog; undefined when it was cancelled. */
    chooseFile(title: string, accept: readonly string[]): Promise<vscode.Uri | undefined>;
  };
}

/** The forms in tabs of VS Code. */
export interface TabbedForms extends CredentialForms {
  /** Fills a tab that VS Code brought back after a reload. */
  restoreTab(tab: vscode.WebviewPanel, kept: unknown): Promise<void>;
}

export function createTabbedForms(viewType: string, extensionUri: vscode.Uri, host: FormHost): TabbedForms {
  const pageFolder = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  const openPanel = () =>
    adopt(
      vscode.window.createWebviewPanel(viewType, '', vscode.ViewColumn.Active, { enableScripts: true }),
      pageFolder,
    );
  const forms = new CredentialForms(openPanel, {
    ...host,
    ui: { ...host.ui, chooseFile: (title, accept) => chooseFile(host, title, accept) },
  });
  return Object.assign(forms, {
    restoreTab: (tab: vscode.WebviewPanel, kept: unknown) => forms.restore(adopt(tab, pageFolder), kept),
  });
}

/** Gives a tab its page and the narrow face that the forms know. */
function adopt(panel: vscode.WebviewPanel, pageFolder: vscode.Uri): FormPanel {
  const { webview } = panel;
  const part = (file: string) => webview.asWebviewUri(vscode.Uri.joinPath(pageFolder, file)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [pageFolder] };
  return {
    setTitle: (title) => {
      panel.title = title;
    },
    load: () => {
      webview.html = pageHtml({
        cspSource: webview.cspSource,
        script: part('main.js'),
        style: part('style.css'),
        icons: part('codicon.css'),
        nonce: crypto.randomUUID().replaceAll('-', ''),
      });
    },
    post: (state) => void webview.postMessage(state),
    reveal: () => panel.reveal(),
    close: () => panel.dispose(),
    onMessage: (listener) => void webview.onDidReceiveMessage(listener),
    onHidden: (listener) => void panel.onDidChangeViewState(() => panel.visible || listener()),
    onClosed: (listener) => void panel.onDidDispose(listener),
  };
}

/** Reads through VS Code, so that a file on a remote machine can be chosen. */
async function chooseFile(host: FormHost, title: string, accept: readonly string[]): Promise<ChosenFile | undefined> {
  const uri = await host.ui.chooseFile(title, accept);
  if (!uri) return undefined;
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > valueLimit) throw new StorageError('invalid-settings', 'This file is larger than 1 MiB.');
  const bytes = await vscode.workspace.fs.readFile(uri);
  return { name: uri.path.slice(uri.path.lastIndexOf('/') + 1), content: decodeText(bytes) };
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new StorageError('invalid-settings', 'This file holds no text.', { cause: error });
  }
}
