import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { type MemoryS3, startMemoryS3 } from '../../demo/s3Server.ts';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import type { RemovalNode } from '../../src/tree/removalsTree.ts';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import {
  addRow,
  cleanUp,
  entryRow,
  nowhere,
  runCommand,
  s3Credential,
  startExtension,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { manyObjects } from './support/servers.ts';

describe('checking a removal again', () => {
  let parts: Parts;
  let person: Person;
  let server: MemoryS3;
  let proxy: FaultProxy;
  let credential: CredentialNode;

  const forgetAll = () => rmSync(path.join(parts.storage, 'removals'), { recursive: true, force: true });

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    forgetAll();
    person = new Person(parts);
    server = await startMemoryS3({ credentials: [nowhere] });
    proxy = await startFaultProxy({ target: server.endpoint });
    credential = await addRow(parts, s3Credential('Research', { ...nowhere, endpoint: proxy.endpoint }));
  });

  after(async () => {
    person.leave();
    await cleanUp(parts);
    forgetAll();
    await proxy.stop();
    await server.stop();
  });

  async function onlyRow(): Promise<RemovalNode> {
    const [row] = await parts.removals.getChildren();
    assert.ok(row);
    return row;
  }

  it('says what is gone and what came back, on the row and in a report, and deletes nothing', async () => {
    for (const key of Object.keys(manyObjects(1500))) server.put('checked', key, Buffer.from('x'));
    person.answers.confirm = () => true;
    person.answers.ask = () => 'checked';
    await runCommand('delete', await entryRow(parts, credential, 'checked'));
    assert.deepEqual(server.keys('checked'), []);
    proxy.reset();
    await runCommand('checkRemoval', await onlyRow());
    assert.equal(person.sentences.at(-1), 'All 1,500 are gone.');
    assert.match(String((await onlyRow()).item.tooltip), /Checked: .*All 1,500 are gone/);
    server.put('checked', 'object-00007', Buffer.from('x'));
    server.put('checked', 'object-00008', Buffer.from('something else'));
    server.put('checked', 'arrived', Buffer.from('x'));
    person.answers.notify = (_, buttons) => (buttons.includes('Open Report') ? 'Open Report' : undefined);
    await runCommand('checkRemoval', await onlyRow());
    const expected =
      'Gone: 1,498. Reported as deleted, but there: 1. Something newer is there under the name: 1. ' +
      'There now, but no part of this removal: 1';
    assert.equal(person.sentences.at(-1), `${expected}.`);
    assert.equal(person.told.at(-1)?.kind, 'warning');
    let text = '';
    await until('the report', () => {
      text = vscode.window.activeTextEditor?.document.getText() ?? '';
      return text.startsWith(expected);
    });
    assert.match(text, /Reported as deleted, but there: checked\/object-00007 \(reported: deleted\)/);
    assert.deepEqual(proxy.requests.filter(isDeletion), []);
    assert.equal(server.keys('checked').length, 3);
  });

  it('compares with no other server', async () => {
    const { record } = credential;
    const settings = { ...record.settings, endpoint: 'http://127.0.0.1:9' };
    await parts.credentials.save({
      ...{ id: record.id, provider: 's3', name: record.name, settings, keep: [], basedOn: record.revision },
      secrets: { secretAccessKey: nowhere.secretAccessKey },
    });
    await runCommand('checkRemoval', await onlyRow());
    assert.match(person.sentences.at(-1) ?? '', /^The credential is for another server now/);
  });
});
