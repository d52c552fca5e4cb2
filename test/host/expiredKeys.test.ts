import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import type { Asking } from '../../src/ui/dialogs.ts';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import {
  addRow,
  cleanUp,
  entryRow,
  labelsBelow,
  runCommand,
  s3Credential,
  startExtension,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, Judge, manyObjects } from './support/servers.ts';

describeWithRgw('keys that expire', (rgw) => {
  const judge = new Judge(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;
  let credential: CredentialNode;
  let expired: boolean;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    proxy = await startFaultProxy({ target: rgw.endpoint });
  });

  beforeEach(async () => {
    proxy.reset();
    expired = false;
    person = new Person(parts);
    credential = await addRow(parts, s3Credential('Temporary', { ...rgw, endpoint: proxy.endpoint }));
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
  });

  after(() => proxy.stop());

  /** From now on the server says that the keys have expired, until new ones are entered. */
  function expire(when: Parameters<FaultProxy['addRule']>[0]['when'] = () => true): void {
    expired = true;
    const body =
      '<?xml version="1.0"?><Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>';
    proxy.addRule({ when: (request, n) => expired && when(request, n), fault: { kind: 'status', status: 403, body } });
  }

  function newKeys({ prompt }: Asking): string | undefined {
    if (prompt === 'Access Key ID') return rgw.accessKeyId;
    if (prompt === 'Secret Access Key') return rgw.secretAccessKey;
    expired = false;
    return '';
  }

  const renewals = () => person.asked.filter(({ title }) => title.startsWith('Enter New Keys'));

  it('are asked for from the row that could not be listed', async () => {
    const bucket = await judge.createBucket({ a: 'x' });
    expire();
    const [row] = await parts.tree.getChildren(credential);
    const item = row && parts.tree.getTreeItem(row);
    assert.deepEqual([item?.label, item?.description], ['The session token has expired.', 'Enter New Keys']);
    person.answers.ask = newKeys;
    await runCommand('enterNewKeys', ...(item?.command?.arguments ?? []));
    assert.deepEqual(
      renewals().map(({ title, password = false }) => [title, password]),
      [
        ['Enter New Keys (1 of 3): Temporary', false],
        ['Enter New Keys (2 of 3): Temporary', true],
        ['Enter New Keys (3 of 3): Temporary', true],
      ],
    );
    const [renewed] = await parts.tree.credentials();
    assert.ok(renewed);
    assert.notEqual(renewed.record.revision, credential.record.revision);
    assert.equal(readFileSync(parts.store.fileOf(renewed.id), 'utf8').includes(rgw.secretAccessKey), false);
    assert.ok((await labelsBelow(parts, renewed)).includes(bucket));
  });

  it('are asked for once in the middle of a removal, which goes on with what is left', async () => {
    const bucket = await judge.createBucket(manyObjects(2100));
    parts.tree.refresh(credential);
    const row = await entryRow(parts, credential, bucket);
    let deletions = 0;
    expire((request) => isDeletion(request) && ++deletions > 1);
    person.answers.confirm = async () => {
      await judge.put(bucket, { late: 'stays' });
      return true;
    };
    person.answers.ask = (question) => (question.title.startsWith('Enter New Keys') ? newKeys(question) : bucket);
    await runCommand('delete', row);
    await until('the report', () => person.sentences.length > 0);
    assert.equal(renewals().length, 3);
    assert.deepEqual(person.sentences, ['Deleted 1,100. Before the new keys: 1,000 deleted.']);
    assert.deepEqual(await judge.keys(bucket), ['late']);
  });

  it('leave the rest of a removal alone when nobody enters new ones', async () => {
    const bucket = await judge.createBucket({ a: 'x', b: 'x' });
    parts.tree.refresh(credential);
    const row = await entryRow(parts, credential, bucket);
    expire((request) => isDeletion(request));
    person.answers.confirm = () => true;
    person.answers.ask = (question) => (question.title.startsWith('Enter New Keys') ? undefined : bucket);
    await runCommand('delete', row);
    await until('the report', () => person.sentences.length > 0);
    assert.equal(renewals().length, 1);
    assert.deepEqual(person.told[0]?.buttons, ['Retry Failed', 'Show Report', 'Save Report…']);
    assert.deepEqual(await judge.keys(bucket), ['a', 'b']);
  });
});
