import assert from 'node:assert/strict';
import * as vscode from 'vscode';

const id = 'storage-credentials.storage-credentials';
const view = 'storageCredentials.credentials';
const views = [view, 'storageCredentials.removals'];

function extension() {
  const found = vscode.extensions.getExtension(id);
  assert.ok(found, `VS Code has no extension ${id}`);
  return found;
}

describe('the extension in VS Code', () => {
  it('is activated by its view', async () => {
    await vscode.commands.executeCommand(`${view}.focus`);
    const deadline = Date.now() + 20_000;
    while (!extension().isActive && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(extension().isActive);
  });

  it('registers every command of its manifest, and no other', async () => {
    await extension().activate();
    const declared: string[] = extension().packageJSON.contributes.commands.map(
      (entry: { command: string }) => entry.command,
    );
    const registered = (await vscode.commands.getCommands(true)).filter(
      // VS Code itself adds a few commands to every view, under the view's id.
      (command) => command.startsWith('storageCredentials.') && !views.some((each) => command.startsWith(`${each}.`)),
    );
    assert.deepEqual(registered.sort(), declared.sort());
  });

  it('names in its menus and keybindings only commands that it declares', () => {
    const { commands, menus, keybindings = [] } = extension().packageJSON.contributes;
    const declared = new Set(commands.map((entry: { command: string }) => entry.command));
    const used = [...Object.values(menus as Record<string, { command?: string }[]>).flat(), ...keybindings];
    const unknown = used.flatMap(({ command }) => (command !== undefined && !declared.has(command) ? [command] : []));
    assert.deepEqual(unknown, []);
  });
});
