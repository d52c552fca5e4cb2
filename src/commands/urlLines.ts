import { commands, type TextEditor, window, workspace } from 'vscode';
import { formatCounted } from '../core/text.ts';
import { linesOf, linesOfInput, type UrlLine } from '../removal/artifacts.ts';
import type { Option } from '../ui/dialogs.ts';
import { textScheme } from '../ui/textDocuments.ts';
import type { Parts } from './parts.ts';
import { tellFailure } from './removalDialogs.ts';

type Source = { readonly lines: readonly UrlLine[] } | 'input' | 'document';

/** Asks where the URLs are; undefined when it was closed, or when there is a new document to paste into first. */
export async function chooseLines(parts: Parts, title: string): Promise<readonly UrlLine[] | undefined> {
  const source = await parts.dialogs.pick<Source>(title, [
    ...textsOf(window.activeTextEditor),
    { label: 'Type or Paste…', description: 'One URL or several', value: 'input' },
    {
      label: 'Paste into a New Document…',
      description: 'One URL per line, thousands of them if need be',
      value: 'document',
    },
  ]);
  if (source === 'document') await openDocument(parts);
  if (source === undefined || source === 'document') return undefined;
  if (source !== 'input') return source.lines;
  const typed = await parts.dialogs.ask({
    title,
    prompt: 'The URLs of what is to be deleted, such as s3://bucket/key. What would happen is shown first.',
  });
  return typed === undefined ? undefined : linesOfInput(typed);
}

function textsOf(editor: TextEditor | undefined): readonly Option<Source>[] {
  if (!editor || editor.document.uri.scheme === textScheme || editor.document.uri.scheme === 'output') return [];
  const { document, selections } = editor;
  const selected = selections.flatMap((part) => linesOf(document.getText(part), part.start.line + 1));
  const all = linesOf(document.getText());
  const option = (label: string, lines: readonly UrlLine[]) => ({
    label,
    description: formatCounted(lines.length, 'line', 'lines'),
    value: { lines },
  });
  return [
    ...(selected.length > 0 ? [option('Selected Text', selected)] : []),
    ...(all.length > 0 ? [option(`Open File: ${document.fileName.split(/[\\/]/).at(-1)}`, all)] : []),
  ];
}

async function openDocument(parts: Parts): Promise<void> {
  const document = await workspace.openTextDocument({ language: 'plaintext', content: '' });
  await window.showTextDocument(document);
  void parts.dialogs
    .notify('info', 'Paste one URL per line, then go on.', ['Continue'])
    .then(async (answer) => {
      if (answer !== 'Continue') return;
      await window.showTextDocument(document);
      await commands.executeCommand('storageCredentials.deleteByUrl');
    })
    .catch((error: unknown) => tellFailure(parts, error));
}
