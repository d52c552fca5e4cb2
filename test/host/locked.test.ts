import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { ThemeIcon } from 'vscode';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import {
  addRow,
  cleanUp,
  credentialRow,
  labelsBelow,
  runCommand,
  s3Credential,
  startExtension,
  tabs,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { type CountingServer, startCountingServer } from './support/servers.ts';

const keys = { accessKeyId: 'KEYOFATEST0000000000', secretAccessKey: 'secret-that-gets-lost-on-the-way' };
const lost = 'The keyring no longer holds the secret of this credential.';

describe('a locked secret', () => {
  let parts: Parts;
  let person: Person;
  let server: CountingServer;
  let row: CredentialNode;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
  });

  beforeEach(async () => {
    person = new Person(parts);
    server = await startCountingServer();
    row = await addRow(parts, s3Credential('Research', { ...keys, endpoint: server.endpoint }));
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
    await server[Symbol.asyncDispose]();
  });

  async function loseSecret(): Promise<void> {
    await parts.vault.delete({ id: row.id, secretRef: row.record.secretRef ?? '' });
    await parts.tree.getChildren();
  }

  it('marks its credential, whose record stays', async () => {
    const file = readFileSync(parts.store.fileOf(row.id), 'utf8');
    assert.equal(parts.tree.getTreeItem(row).contextValue, 'credential can:createContainer');
    await loseSecret();
    const item = parts.tree.getTreeItem(await credentialRow(parts, row.id));
    assert.equal(item.contextValue, 'credential can:createContainer is:locked');
    assert.ok(item.iconPath instanceof ThemeIcon);
    assert.equal(item.iconPath.id, 'lock');
    assert.match(String(item.tooltip), /Locked: the secret must be entered again\./);
    assert.equal(readFileSync(parts.store.fileOf(row.id), 'utf8'), file);
  });

  it('draws the view again by itself when the keyring loses it', async () => {
    let drawings = 0;
    const listening = parts.tree.onDidChangeTreeData(() => drawings++);
    await parts.vault.delete({ id: row.id, secretRef: row.record.secretRef ?? '' });
    await until('the view to be drawn', () => drawings > 0);
    listening.dispose();
  });

  it('is said wherever the credential is used, with the way to enter it again', async () => {
    await loseSecret();
    const [message] = await parts.tree.getChildren(row);
    assert.equal(message?.kind === 'message' && message.sentence, lost);
    const item = parts.tree.getTreeItem(message ?? row);
    assert.equal(item.command?.command, 'storageCredentials.enterSecretAgain');
    assert.equal(item.description, 'Enter Secret Again');

    await runCommand('verifyCredential', row);
    assert.equal(person.told[0]?.sentence, `Research: ${lost} Enter the secret again.`);
    assert.deepEqual(person.told[0]?.buttons, ['Enter Secret Again', 'Details']);

    person.answers.pick = (_, [option]) => option?.label;
    person.answers.notify = (_, buttons) => buttons.find((button) => button === 'Enter Secret Again');
    await runCommand('delete');
    assert.equal(person.told[1]?.sentence, `${lost} Enter the secret again.`);
    assert.deepEqual(person.told[1]?.buttons, ['Enter Secret Again', 'Show Log']);
    await until('the form', () => tabs().includes('Research'));
    assert.equal(server.connections, 0);
  });

  it('can be entered again in the form, and the credential works as before', async () => {
    await loseSecret();
    await runCommand('enterSecretAgain', row);
    await until('the form', () => tabs().includes('Research'));
    await parts.credentials.save({
      ...s3Credential('Research', { ...keys, endpoint: server.endpoint }),
      id: row.id,
      basedOn: row.record.revision,
    });
    await parts.tree.getChildren();
    const mended = await credentialRow(parts, row.id);
    assert.equal(parts.tree.getTreeItem(mended).contextValue, 'credential can:createContainer');
    await labelsBelow(parts, mended);
    assert.ok(server.connections > 0);
  });

  it('is not sent to another host that somebody writes into the file', async () => {
    await using other = await startCountingServer();
    const file = parts.store.fileOf(row.id);
    writeFileSync(file, readFileSync(file, 'utf8').replace(server.endpoint, other.endpoint));
    await parts.store.refresh();
    const moved = await credentialRow(parts, row.id);
    assert.equal(moved.record.settings.endpoint, other.endpoint);

    const [message] = await parts.tree.getChildren(moved);
    assert.equal(
      message?.kind === 'message' && message.sentence,
      'The secret of this credential was entered for another server.',
    );
    await runCommand('verifyCredential', moved);
    await runCommand('duplicateCredential', moved);
    person.answers.pick = (_, [option]) => option?.label;
    for (const command of ['delete', 'openObject', 'copyPath', 'filterByPrefix']) await runCommand(command);
    assert.ok(person.told.length >= 4);
    for (const { sentence } of person.told)
      assert.match(sentence, /entered for another server\. Enter the secret again\./);
    assert.equal(other.connections, 0);
    assert.equal(server.connections, 0);
    assert.equal(parts.tree.getTreeItem(moved).contextValue, 'credential can:createContainer is:locked');
    assert.ok(!person.everything.includes(keys.secretAccessKey));
  });
});
