import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Parts } from '../../../src/commands/parts.ts';
import type { CredentialEdit } from '../../../src/credentials/credentials.ts';
import type { CredentialNode, EntryNode, Node } from '../../../src/tree/nodes.ts';

/** The parts of the running extension, with its view in sight. */
export async function startExtension(): Promise<Parts> {
  const parts = await extension<Parts | undefined>().activate();
  assert.ok(parts, 'The extension hands out its parts in a test run');
  await vscode.commands.executeCommand('storageCredentials.credentials.focus');
  await until('the view to show', () => parts.view.visible);
  return parts;
}

interface Contributions {
  readonly commands: readonly { readonly command: string }[];
  readonly menus: { readonly commandPalette: readonly { readonly command: string; readonly when: string }[] };
}

/** What the extension's manifest contributes. */
export function contributions(): Contributions {
  return extension().packageJSON.contributes;
}

/** Where the extension's own files stand. */
export function extensionFolder(): string {
  return extension().extensionPath;
}

function extension<T>(): vscode.Extension<T> {
  const found = vscode.extensions.getExtension<T>('storage-credentials.storage-credentials');
  assert.ok(found, 'VS Code has the extension');
  return found;
}

/** Runs a command of the extension as VS Code does, by the last part of its id. */
export async function runCommand(name: string, ...args: readonly unknown[]): Promise<unknown> {
  return await vscode.commands.executeCommand(`storageCredentials.${name}`, ...args);
}

/** Leaves nothing of a test behind: no credential, no tab. */
export async function cleanUp({ store, credentials }: Parts): Promise<void> {
  for (const { id } of await store.list()) await credentials.remove(id);
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** What a person would have typed into the form of an S3 credential. */
export function s3Credential(
  name: string,
  access: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string },
  more: { readonly bucket?: string; readonly sessionToken?: string } = {},
): CredentialEdit {
  const { endpoint, accessKeyId, secretAccessKey } = access;
  const { bucket, sessionToken } = more;
  return {
    provider: 's3',
    name,
    settings: { service: 'ceph', endpoint, accessKeyId, pathStyle: true, ...(bucket === undefined ? {} : { bucket }) },
    secrets: { secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    keep: [],
  };
}

/** An address where nothing answers, and keys that fit nowhere. */
export const nowhere = {
  endpoint: 'http://127.0.0.1:9',
  accessKeyId: 'KEYOFATEST0000000000',
  secretAccessKey: 'secret-of-a-test-that-fits-nowhere',
} as const;

/** Saves a credential and gives its row. */
export async function addRow(parts: Parts, edit: CredentialEdit): Promise<CredentialNode> {
  const { id } = await parts.credentials.save(edit);
  return await credentialRow(parts, id);
}

/** The row of a credential as it is now. */
export async function credentialRow({ tree }: Parts, id: string): Promise<CredentialNode> {
  const row = (await tree.credentials()).find((node) => node.id === id);
  assert.ok(row, `There is no row for the credential ${id}`);
  return row;
}

/** The row that shows an entry by this name below another row. */
export async function entryRow({ tree }: Parts, parent: Node, name: string): Promise<EntryNode> {
  const rows = await tree.getChildren(parent);
  const row = rows.find((node) => node.kind === 'entry' && node.entry.name === name);
  assert.ok(row?.kind === 'entry', `There is no row ${name} among: ${rows.map((node) => labelOf(node)).join(', ')}`);
  return row;
}

/** What a row says, whatever its kind. */
export function labelOf(node: Node): string {
  switch (node.kind) {
    case 'provider':
      return node.provider.label;
    case 'credential':
      return node.record.name;
    case 'unreadable':
      return node.label;
    case 'entry':
      return node.entry.name;
    case 'uploads':
      return 'Unfinished Uploads';
    case 'loadMore':
      return 'Load More…';
    case 'message':
      return node.sentence;
  }
}

/** The labels of the rows below a row, or of the first ones. Left out is the one for unfinished uploads, which ends every bucket. */
export async function labelsBelow({ tree }: Parts, node?: Node): Promise<readonly string[]> {
  return (await tree.getChildren(node)).filter(({ kind }) => kind !== 'uploads').map(labelOf);
}

/** The names of the open tabs. */
export function tabs(): readonly string[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ label }) => label));
}

/** Waits until something holds; fails after 20 seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
