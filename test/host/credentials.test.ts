import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TreeItemCollapsibleState } from 'vscode';
import type { Parts } from '../../src/commands/parts.ts';
import type { StorageError } from '../../src/core/errors.ts';
import { type Changes, CredentialStore } from '../../src/credentials/credentialStore.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import {
  addRow,
  cleanUp,
  credentialRow,
  labelsBelow,
  nowhere,
  runCommand,
  s3Credential,
  startExtension,
  tabs,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';

describe('credentials', () => {
  let parts: Parts;
  let person: Person;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
  });

  beforeEach(() => {
    person = new Person(parts);
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
  });

  it('stand under their provider, each once, in the order of their names', async () => {
    assert.deepEqual(await labelsBelow(parts), []);
    await addRow(parts, s3Credential('Research', nowhere));
    await addRow(parts, s3Credential('Backup', nowhere));

    const [provider, ...others] = await parts.tree.getChildren();
    assert.ok(provider?.kind === 'provider');
    assert.deepEqual([provider.provider.label, others], ['Amazon S3', []]);
    const rows = await parts.tree.getChildren(provider);
    assert.deepEqual(await labelsBelow(parts, provider), ['Backup', 'Research']);
    const item = parts.tree.getTreeItem(rows[0] ?? provider);
    assert.equal(item.contextValue, 'credential can:createContainer');
    assert.equal(item.description, '127.0.0.1:9 · default');
    assert.equal(item.collapsibleState, TreeItemCollapsibleState.Collapsed);
    assert.equal(rows[0] && parts.tree.getParent(rows[0]), provider);
  });

  it('say what of URLs is theirs, and of two for the same, which one wins', async () => {
    const bucket = await addRow(parts, s3Credential('Archive', nowhere, { bucket: 'box' }));
    const winner = await addRow(parts, s3Credential('Backup', nowhere));
    const loser = await addRow(parts, s3Credential('Research', nowhere));
    await parts.tree.credentials();
    const looksOf = (row: CredentialNode) => {
      const { description, tooltip } = parts.tree.getTreeItem(row);
      return [description, ...String(tooltip).split('\n').slice(1, 3)];
    };
    assert.deepEqual(looksOf(bucket), [
      '127.0.0.1:9 · box',
      'For URLs it is for the bucket box of 127.0.0.1:9.',
      'Not verified yet.',
    ]);
    assert.deepEqual(looksOf(winner), [
      '127.0.0.1:9 · default',
      'For URLs it is the default for 127.0.0.1:9.',
      'Another credential is for the same. URLs go to: Backup',
    ]);
    assert.deepEqual(looksOf(loser), [
      '127.0.0.1:9 · same scope as Backup',
      'For URLs it is the default for 127.0.0.1:9.',
      'Another credential is for the same. URLs go to: Backup',
    ]);
  });

  it('keep their secret out of their file', async () => {
    const { id, record } = await addRow(parts, s3Credential('Research', nowhere));
    const file = readFileSync(parts.store.fileOf(id), 'utf8');
    assert.ok(!file.includes(nowhere.secretAccessKey));
    assert.deepEqual(record.secretNames, ['secretAccessKey']);
  });

  it('change in place, and an edit of an older revision is refused', async () => {
    const { id, record } = await addRow(parts, s3Credential('Research', nowhere));
    const edit = {
      ...s3Credential('Archive', nowhere),
      id,
      basedOn: record.revision,
      keep: ['secretAccessKey'],
      secrets: {},
    };
    await parts.credentials.save(edit);
    assert.equal((await credentialRow(parts, id)).record.name, 'Archive');
    assert.deepEqual(await labelsBelow(parts, parts.tree.getParent(await credentialRow(parts, id))), ['Archive']);
    await assert.rejects(parts.credentials.save({ ...edit, name: 'Late' }), failsAs('changed'));
    assert.equal((await credentialRow(parts, id)).record.name, 'Archive');
  });

  it('are duplicated with their secret under the next free name, and the copy opens in its form', async () => {
    const row = await addRow(parts, s3Credential('Research', nowhere));
    await runCommand('duplicateCredential', row);
    await until('the copy in its form', () => tabs().includes('Research (2)'));
    const copy = (await parts.tree.credentials()).find(({ record }) => record.name === 'Research (2)');
    assert.ok(copy && copy.id !== row.id);
    await using lease = await parts.sessions.open(copy.id);
    assert.deepEqual(lease.record.settings, row.record.settings);
    assert.notEqual(copy.record.secretRef, row.record.secretRef);
    assert.deepEqual(person.sentences, []);
  });

  it('are refused a name that another one has, however it is written', async () => {
    await addRow(parts, s3Credential('Research', nowhere));
    await assert.rejects(parts.credentials.save(s3Credential(' RESEARCH', nowhere)), failsAs('already-exists'));
    assert.equal((await parts.store.list()).length, 1);
    assert.equal((await parts.vault.places()).length, 1);
    assert.equal(await parts.store.proposeName('Research'), 'Research (2)');
  });

  it('open in their form, and a new one in a form of its own', async () => {
    const row = await addRow(parts, s3Credential('Research', nowhere));
    await runCommand('editCredential', row);
    await runCommand('editCredential', row);
    await runCommand('addCredential');
    await until('both forms', () => tabs().includes('Add Credential'));
    assert.deepEqual([...tabs()].sort(), ['Add Credential', 'Research']);
  });

  it('stay when the question is closed, and go with their secret when it is answered', async () => {
    const row = await addRow(parts, s3Credential('Research', nowhere));
    await addRow(parts, s3Credential('Backup', nowhere));
    await runCommand('removeCredential', row);
    assert.equal((await parts.store.list()).length, 2);

    person.answers.confirm = () => true;
    await runCommand('removeCredential', row);
    const [question] = person.confirmed;
    assert.equal(question?.title, 'Remove the credential: Research');
    assert.match(question?.detail.join(' ') ?? '', /Nothing in the cloud is deleted\./);
    assert.deepEqual(
      (await parts.tree.credentials()).map(({ record }) => record.name),
      ['Backup'],
    );
    assert.ok(!existsSync(parts.store.fileOf(row.id)));
    assert.ok((await parts.vault.places()).every(({ id }) => id !== row.id));
  });

  it('are there again for a store that is opened anew', async () => {
    const row = await addRow(parts, s3Credential('Research', nowhere));
    using again = await CredentialStore.open(parts.storage);
    assert.deepEqual(await again.get(row.id), { kind: 'readable', id: row.id, record: row.record });
  });

  it('appear, change and disappear in the tree when another window writes them', async () => {
    const { id, record } = await addRow(parts, s3Credential('Research', nowhere));
    const told: Changes[] = [];
    let drawings = 0;
    using _watching = parts.store.watch((changes) => told.push(changes));
    const drawing = parts.tree.onDidChangeTreeData(() => drawings++);
    using other = await CredentialStore.open(parts.storage);
    await other.save({ ...record, name: 'Renamed elsewhere', revision: 'elsewhere' }, record.revision);
    await until('the change to be told', () => told.length === 1);
    assert.deepEqual(told[0], { added: [], changed: [id], removed: [] });
    assert.ok(drawings > 0);
    assert.equal((await credentialRow(parts, id)).record.name, 'Renamed elsewhere');
    await other.remove(id);
    await until('the removal to be told', () => told.length === 2);
    assert.deepEqual(told[1], { added: [], changed: [], removed: [id] });
    drawing.dispose();
    assert.deepEqual(await labelsBelow(parts), []);
  });

  it('that are damaged or newer are shown with a sentence and left as they are', async () => {
    const { id, record } = await addRow(parts, s3Credential('Research', nowhere));
    const damaged = '{"schema": 1, "na';
    const newer = JSON.stringify({ ...record, schema: 99, id: 'newer', name: 'From tomorrow' });
    const unknown = JSON.stringify({ ...record, id: 'unknown', name: 'Elsewhere', provider: 'carrierPigeon' });
    for (const [name, text] of Object.entries({ damaged, newer, unknown })) writeFileSync(fileOf(parts, name), text);
    await until('their rows', async () => (await parts.tree.getChildren()).length === 4);

    const rows = (await parts.tree.getChildren()).filter((node) => node.kind === 'unreadable');
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.id, row.sentence])), {
      damaged: 'The file of this credential is not JSON.',
      newer: 'This credential was made by a newer version of Storage Credentials.',
      unknown: "This version of Storage Credentials doesn't know the provider: carrierPigeon",
    });
    for (const row of rows) {
      const item = parts.tree.getTreeItem(row);
      assert.equal(item.contextValue, 'unreadable');
      assert.equal(item.description, row.sentence);
    }
    for (const damagedId of ['damaged', 'newer']) {
      const over = { ...s3Credential('Over it', nowhere), id: damagedId, basedOn: 'any' };
      await assert.rejects(parts.credentials.save(over), failsAs('invalid-settings'));
    }
    await parts.credentials.save({ ...s3Credential('Research', nowhere), id, basedOn: record.revision });
    assert.equal(readFileSync(fileOf(parts, 'damaged'), 'utf8'), damaged);
    assert.equal(readFileSync(fileOf(parts, 'newer'), 'utf8'), newer);
    assert.equal(readFileSync(fileOf(parts, 'unknown'), 'utf8'), unknown);

    await runCommand('removeCredential', rows[0]);
    assert.equal(readFileSync(fileOf(parts, 'damaged'), 'utf8'), damaged);
    person.answers.confirm = () => true;
    await runCommand('removeCredential', rows[0]);
    assert.ok(!existsSync(fileOf(parts, 'damaged')));
    assert.deepEqual(person.sentences, []);
  });
});

function fileOf({ storage }: Parts, id: string): string {
  return path.join(storage, 'credentials', `${id}.json`);
}

// The suite and the extension are bundled apart: their classes are not the same.
function failsAs(kind: StorageError['kind']) {
  return (error: unknown) => error instanceof Error && 'kind' in error && error.kind === kind;
}
