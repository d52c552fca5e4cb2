import { window } from 'vscode';
import { showName } from '../core/text.ts';
import { resolvedText } from '../removal/artifactReport.ts';
import { linesOfInput, resolveLines } from '../removal/artifacts.ts';
import type { Handler } from './parts.ts';
import { addCredentialFor, additionsFor, resolverFor } from './resolving.ts';
import { pickCredential } from './targets.ts';

/** Says which credential a URL would be resolved to, and by which rule. Asks no server. */
export const whichCredential: Handler = async (parts) => {
  if ((await parts.tree.credentials()).length === 0) return void (await pickCredential(parts, 'Which Credential'));
  const url = await parts.dialogs.ask({
    title: 'Which Credential Owns This URL?',
    prompt: 'The URL of an object, such as s3://bucket/key. No server is asked.',
    ...selectedUrl(),
  });
  const [line] = url === undefined ? [] : linesOfInput(url);
  if (!line) return;
  const resolve = await resolverFor(parts);
  const [row] = resolveLines([line], { resolve, redact: parts.redactor.redact });
  if (!row) return;
  const { fate, rewritten } = row;
  const shown = showName(rewritten ?? row.url);
  if (fate.kind === 'delete') {
    return void parts.dialogs.notify('info', `Resolved by ${resolvedText(fate.artifact.reading)}: ${shown}`);
  }
  if (fate.kind === 'ambiguous') {
    const each = fate.readings.map((reading) => `${showName(reading.id)} is resolved by ${resolvedText(reading)}`);
    return void parts.dialogs.notify('info', `The name that exists is meant. ${each.join('. ')}.`);
  }
  const reason = 'reason' in fate ? fate.reason : '';
  const wanted = fate.kind === 'unresolved' ? (fate.wanted ?? []) : [];
  const [addition] = additionsFor(wanted.map((each) => ({ ...each, url: rewritten ?? row.url })));
  void parts.dialogs
    .notify('warning', `${reason} ${shown}`, addition ? ['Add Credential'] : [])
    .then(async (answer) => {
      if (answer === 'Add Credential' && addition) await addCredentialFor(parts, addition.value);
    })
    .catch((error: unknown) => parts.log.error('The form could not be opened.', error));
};

/** What is selected in the editor, if it looks like one URL. */
function selectedUrl(): { value?: string } {
  const editor = window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection) ?? '';
  return /^[a-z][a-z0-9+.-]*:\/\/[^\r\n]+$/i.test(selected) ? { value: selected } : {};
}
