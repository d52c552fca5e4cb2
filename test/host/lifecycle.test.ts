import assert from 'node:assert/strict';
import { GetBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import * as vscode from 'vscode';
import { type MemoryS3, startMemoryS3 } from '../../demo/s3Server.ts';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import {
  addRow,
  cleanUp,
  entryRow,
  nowhere,
  runCommand,
  s3Credential,
  startExtension,
  tabs,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, Judge } from './support/servers.ts';

const current = 'What Is Current';

describeWithRgw('lifecycle rules', (rgw) => {
  const judge = new Judge(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;
  let credential: CredentialNode;
  let bucket: string;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    proxy = await startFaultProxy({ target: rgw.endpoint });
    credential = await addRow(parts, s3Credential('Research', { ...rgw, endpoint: proxy.endpoint }));
    bucket = await judge.createBucket({ 'logs/a': 'x', 'logs/b': 'x', 'logs/c': 'x', keep: 'x' });
  });

  beforeEach(() => {
    person = new Person(parts);
    proxy.reset();
  });
  afterEach(async () => {
    person.leave();
    await setting(undefined);
  });

  after(async () => {
    await cleanUp(parts);
    await proxy.stop();
  });

  const setting = (value: number | undefined) =>
    vscode.workspace
      .getConfiguration('storageCredentials')
      .update('offerLifecycleRuleFrom', value, vscode.ConfigurationTarget.Global);
  const folderRow = async () => await entryRow(parts, await entryRow(parts, credential, bucket), 'logs');
  const changes = () => proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');

  async function rules() {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
    return await judge.client.send(command).then(
      ({ Rules }) => Rules ?? [],
      (error: Error) => (error.name === 'NoSuchLifecycleConfiguration' ? [] : Promise.reject(error)),
    );
  }

  it('are copied for other tools, and nothing is asked', async () => {
    const row = await folderRow();
    proxy.reset();
    person.answers.pick = () => current;
    await runCommand('copyLifecycleRule', row);
    const { Rules } = JSON.parse(await vscode.env.clipboard.readText());
    assert.deepEqual(Rules[0].Filter, { Prefix: 'logs/' });
    assert.deepEqual(proxy.requests, []);
  });

  it('are applied only with the name typed, after their difference was shown', async () => {
    const row = await folderRow();
    await runCommand('applyLifecycleRule', row);
    person.answers.pick = () => current;
    await runCommand('applyLifecycleRule', row);
    person.answers.confirm = () => true;
    await runCommand('applyLifecycleRule', row);
    person.answers.ask = () => 'log';
    await runCommand('applyLifecycleRule', row);
    assert.deepEqual(changes(), []);
    const detail = person.confirmed[0]?.detail.join('\n') ?? '';
    assert.match(detail, /also what arrives later, until the rule is removed/);
    assert.match(detail, /under this prefix: logs\//);
    await until('the difference', () => tabs().some((tab) => tab.startsWith('Lifecycle Rules')));
    assert.deepEqual(await rules(), []);
    person.answers.ask = () => 'logs';
    await runCommand('applyLifecycleRule', row);
    assert.match(person.sentences.at(-1) ?? '', /^The lifecycle rule is applied/);
    const [rule, ...others] = await rules();
    assert.equal(others.length, 0);
    assert.deepEqual(rule?.Expiration?.Days, 1);
    await runCommand('applyLifecycleRule', row);
    assert.match(person.sentences.at(-1) ?? '', /^The lifecycle rule is there already/);
  });

  it('are removed again', async () => {
    const row = await folderRow();
    person.answers.confirm = () => true;
    await runCommand('removeLifecycleRule', row);
    assert.equal((await rules()).length, 1, 'Escape removes nothing');
    person.answers.ask = () => 'logs';
    await runCommand('removeLifecycleRule', row);
    assert.deepEqual(await rules(), []);
    await runCommand('removeLifecycleRule', row);
    assert.match(person.sentences.at(-1) ?? '', /^There is no lifecycle rule that was applied here/);
  });

  it("of a whole bucket take the bucket's own name", async () => {
    const row = await entryRow(parts, credential, bucket);
    const typed: string[] = [];
    person.answers.pick = () => current;
    person.answers.confirm = () => true;
    person.answers.ask = ({ prompt }) => {
      typed.push(prompt);
      return 'logs';
    };
    await runCommand('applyLifecycleRule', row);
    assert.deepEqual(typed, [`To let everything there be deleted, type: ${bucket}`]);
    assert.deepEqual(await rules(), []);
  });

  it('are offered where very much would be deleted, and take its place', async () => {
    await setting(3);
    const row = await folderRow();
    person.answers.confirm = () => true;
    await runCommand('delete', row);
    assert.deepEqual(person.picked[0]?.labels, ['Delete What Was Listed, from Here', 'Use a Lifecycle Rule…']);
    person.answers.pick = (title) => (title.startsWith('How to delete') ? 'Use a Lifecycle Rule…' : current);
    person.answers.ask = () => 'logs';
    await runCommand('delete', row);
    assert.equal((await rules()).length, 1);
    assert.deepEqual(proxy.requests.filter(isDeletion), []);
    assert.equal((await judge.keys(bucket)).length, 4);
    await runCommand('removeLifecycleRule', row);
    person.answers.pick = () => 'Delete What Was Listed, from Here';
    await runCommand('delete', row);
    assert.deepEqual(await judge.keys(bucket), ['keep']);
  });
});

describe('lifecycle rules of a service without them', () => {
  it('are refused in a sentence', async () => {
    const parts = await startExtension();
    const server: MemoryS3 = await startMemoryS3({ credentials: [nowhere] });
    const person = new Person(parts);
    try {
      server.put('plain', 'a', Buffer.from('x'));
      const credential = await addRow(parts, s3Credential('Plain', { ...nowhere, endpoint: server.endpoint }));
      person.answers = { pick: () => current, confirm: () => true, ask: () => 'plain' };
      await runCommand('applyLifecycleRule', await entryRow(parts, credential, 'plain'));
      assert.match(person.sentences.at(-1) ?? '', /^The server does not offer this/);
      assert.deepEqual(server.keys('plain'), ['a']);
    } finally {
      person.leave();
      await cleanUp(parts);
      await server.stop();
    }
  });
});
