import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import * as vscode from 'vscode';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode, EntryNode, Node } from '../../src/tree/nodes.ts';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import { createRgwUser } from '../servers/rgw.ts';
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

describeWithRgw('deleting', (rgw) => {
  const judge = new Judge(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;
  let credential: CredentialNode;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    proxy = await startFaultProxy({ target: rgw.endpoint });
  });

  beforeEach(async () => {
    proxy.reset();
    person = new Person(parts);
    credential = await addRow(parts, s3Credential('Research', { ...rgw, endpoint: proxy.endpoint }));
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
    rmSync(path.join(parts.storage, 'removals'), { recursive: true, force: true });
  });

  after(() => proxy.stop());

  async function rowsIn(objects: Readonly<Record<string, string>>) {
    const bucket = await judge.createBucket(objects);
    parts.tree.refresh(credential);
    return { bucket, row: await entryRow(parts, credential, bucket) };
  }

  function keptRemovals(): readonly string[] {
    return readdirSync(path.join(parts.storage, 'removals'));
  }

  it('one object asks once, says what is lost and deletes it alone', async () => {
    const { bucket, row } = await rowsIn({ a: '1', b: '22', c: '333' });
    person.answers.confirm = () => true;
    await runCommand('delete', await entryRow(parts, row, 'b'));
    assert.deepEqual(person.confirmed, [
      {
        kind: 'modal',
        title: `Delete 1 object: ${bucket}/b`,
        detail: [
          "This can't be undone. The bucket keeps no versions.",
          `Selected: ${bucket}/b`,
          `Bucket: ${bucket}`,
          'Size: 2 bytes',
          'Credential: Research (Amazon S3)',
        ],
        button: 'Delete 1 Object',
      },
    ]);
    assert.deepEqual(person.told, [{ kind: 'info', sentence: 'Deleted 1.', buttons: ['Show Report'] }]);
    assert.deepEqual(await judge.keys(bucket), ['a', 'c']);
  });

  it('many objects is one request', async () => {
    const { bucket, row } = await rowsIn(manyObjects(40));
    person.answers.confirm = ({ title }) => title === 'Delete 30 objects?';
    const rows = (await parts.tree.getChildren(row)).slice(0, 30);
    await runCommand('delete', rows[3], rows);
    assert.deepEqual(person.sentences, ['Deleted 30.']);
    assert.equal((await judge.keys(bucket)).length, 10);
    assert.equal(proxy.deletions().length, 1);
  });

  it('a folder takes all that is in it and nothing that is only named alike', async () => {
    const { bucket, row } = await rowsIn({
      'data/1': 'x',
      'data/deep/2': 'x',
      'data/deep/deeper/3': 'x',
      data: 'stays',
      'data2/4': 'stays',
      'datum/5': 'stays',
    });
    person.answers.confirm = () => true;
    await runCommand('delete', await folderRow(row, 'data'));
    assert.deepEqual(person.sentences, ['Deleted 3.']);
    assert.deepEqual(await judge.keys(bucket), ['data', 'data2/4', 'datum/5']);
  });

  async function folderRow(parent: Node, name: string): Promise<EntryNode> {
    const found = (await parts.tree.getChildren(parent)).find(
      (node) => node.kind === 'entry' && node.entry.kind === 'folder' && node.entry.name === name,
    );
    assert.ok(found?.kind === 'entry', `There is no folder ${name}`);
    return found;
  }

  it("everything in a bucket wants the bucket's name, and the bucket stays", async () => {
    const { bucket, row } = await rowsIn(manyObjects(1204));
    person.answers.confirm = ({ button }) => button === 'Continue…';
    person.answers.ask = ({ prompt }) => prompt.replace('To delete 1,204 objects, type: ', '');
    await runCommand('delete', row);
    assert.match(
      person.confirmed[0]?.detail.join('\n') ?? '',
      new RegExp(`^Everything in the bucket: ${bucket}$`, 'm'),
    );
    assert.deepEqual(person.told, [{ kind: 'info', sentence: 'Deleted 1,204.', buttons: ['Show Report'] }]);
    assert.deepEqual(await judge.keys(bucket), []);
    assert.deepEqual(await labelsBelow(parts, row), ['This bucket is empty']);
    assert.equal(proxy.deletions().length, 2);
  });

  it('more than a thousand objects of a folder wants its name too', async () => {
    const { bucket, row } = await rowsIn({ ...manyObjects(1001, 'logs/'), keep: 'x' });
    person.answers.confirm = () => true;
    person.answers.ask = () => 'logs';
    await runCommand('delete', await folderRow(row, 'logs'));
    assert.equal(person.asked.length, 1);
    assert.deepEqual(person.sentences, ['Deleted 1,001.']);
    assert.deepEqual(await judge.keys(bucket), ['keep']);
  });

  it('leaves alone what arrived after the question was asked', async () => {
    const { bucket, row } = await rowsIn({ 'in/1': 'x', 'in/2': 'x' });
    person.answers.confirm = async () => {
      await judge.put(bucket, { 'in/late': 'x' });
      return true;
    };
    await runCommand('delete', await folderRow(row, 'in'));
    assert.deepEqual(person.sentences, ['Deleted 2.']);
    assert.deepEqual(await judge.keys(bucket), ['in/late']);
  });

  describe('sends nothing', () => {
    let bucket: string;
    let row: EntryNode;

    beforeEach(async () => {
      ({ bucket, row } = await rowsIn({ a: 'x', 'in/b': 'x' }));
    });

    afterEach(async () => {
      assert.equal(proxy.deletions().length, 0);
      assert.deepEqual(await judge.keys(bucket), ['a', 'in/b']);
      assert.deepEqual(keptRemovals(), []);
      assert.deepEqual(person.sentences, []);
    });

    it('when cancelled while it looks for what would go', async () => {
      person.answers.progress = () => person.cancelTask();
      person.answers.confirm = () => true;
      await runCommand('delete', row);
      assert.deepEqual(person.tasks, ['Looking for what would be deleted']);
      assert.deepEqual(person.confirmed, []);
    });

    it('when cancelled while the server has not answered yet', async () => {
      proxy.addRule({ when: ({ target }) => target.includes('list-type=2'), fault: { kind: 'never-answer' } });
      const asked = proxy.requests.length;
      const deleting = runCommand('delete', row);
      await until('the listing', () =>
        proxy.requests.slice(asked).some(({ target }) => target.includes('list-type=2')),
      );
      person.cancelTask();
      await deleting;
      assert.deepEqual(person.confirmed, []);
    });

    it('when the question is closed', async () => {
      for (const name of ['a', 'in']) await runCommand('delete', await entryRow(parts, row, name));
      await runCommand('delete', row);
      assert.equal(person.confirmed.length, 3);
    });

    it('when the name is not typed', async () => {
      person.answers.confirm = () => true;
      await runCommand('delete', row);
      assert.equal(person.asked.length, 1);
    });

    it('when another name is typed', async () => {
      person.answers.confirm = () => true;
      for (const typed of ['', 'a', `${bucket} `, bucket.toUpperCase(), `${bucket}/`]) {
        person.answers.ask = () => typed;
        await runCommand('delete', row);
      }
      assert.equal(person.asked.length, 5);
      assert.equal(person.asked[0]?.refuse?.('a'), `Type exactly: ${bucket}`);
    });
  });

  it('nothing says so and asks nothing', async () => {
    const { bucket, row } = await rowsIn({});
    await runCommand('delete', row);
    assert.deepEqual(person.sentences, [`Nothing to delete: ${bucket}`]);
    assert.deepEqual(person.confirmed, []);
    assert.deepEqual(keptRemovals(), []);
  });

  it('tells what keys that may list but not delete were denied, and names each in the report', async () => {
    const user = await createRgwUser(rgw.configFile);
    const bucket = await judge.createBucket({ 'a one': 'x', two: 'x', 'three/3': 'x' });
    await allow(bucket, user.name, ['s3:ListBucket', 's3:GetObject']);
    const access = { ...user, endpoint: proxy.endpoint };
    const restricted = await addRow(parts, s3Credential('May read', access, { bucket }));
    person.answers.confirm = () => true;
    person.answers.ask = () => bucket;
    person.answers.notify = (_, buttons) => buttons.find((button) => button === 'Show Report');
    await runCommand('delete', await entryRow(parts, restricted, bucket));
    await until('the report', () => reportText() !== undefined);
    assert.equal(person.told[0]?.kind, 'warning');
    assert.match(person.sentences[0] ?? '', /^Deleted 0\. Denied: 3\. \w.*\.$/);
    assert.deepEqual(person.told[0]?.buttons, ['Show Report', 'Save Report…']);
    await until('the other button to be offered again', () => person.told.length === 2);
    assert.deepEqual(person.told[1]?.buttons, ['Save Report…']);
    const report = reportText() ?? '';
    assert.match(report, /^Deleted 0\. Denied: 3$/m);
    for (const key of ['a one', 'two', 'three/3']) {
      assert.match(report, new RegExp(`^Denied: ${bucket}/${key} - These credentials may not do this`, 'm'));
    }
    assert.equal((await judge.keys(bucket)).length, 3);
  });

  it('counts one denied among many deleted, and saves a report with a line for each', async () => {
    const { bucket, row } = await rowsIn({ a: 'x', b: 'x', c: '=1+1' });
    await judge.client.send(
      new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy('Deny', '*', ['s3:DeleteObject'], `${bucket}/b`) }),
    );
    const folder = mkdtempSync(path.join(os.tmpdir(), 'storage-credentials-report-'));
    const file = path.join(folder, 'report.csv');
    const saved = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    person.answers.confirm = () => true;
    person.answers.notify = () => 'Save Report…';
    person.answers.chooseTarget = async (_, name) => {
      assert.match(name, /^removal-.*\.csv$/);
      return vscode.Uri.file(file);
    };
    const rows = await parts.tree.getChildren(row);
    await runCommand('delete', rows[0], rows);
    await until('the report', () => saved().endsWith('\r\n') && saved().split('\r\n').length === 5);
    assert.match(person.sentences[0] ?? '', /^Deleted 2\. Denied: 1\. \w.*: b\.$/);
    const lines = saved().trim().split('\r\n');
    rmSync(folder, { recursive: true });
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',').slice(0, 4)),
      [
        ['Deleted', 'object', bucket, 'a'],
        ['Denied', 'object', bucket, 'b'],
        ['Deleted', 'object', bucket, 'c'],
      ],
    );
    assert.deepEqual(await judge.keys(bucket), ['b']);
  });

  it('tries again exactly what failed, when asked, and asks no second question', async () => {
    const good = await rowsIn({ a: 'x', b: 'x' });
    const bad = await rowsIn({ c: 'x', d: 'x' });
    proxy.addRule({
      when: (request) => isDeletion(request) && request.target.includes(bad.bucket),
      fault: { kind: 'status', status: 400, body: '<Error><Code>OutOfPatience</Code></Error>' },
    });
    person.answers.confirm = () => true;
    person.answers.notify = (_, buttons) => {
      if (buttons.includes('Retry Failed')) proxy.reset();
      return buttons.find((button) => button === 'Retry Failed');
    };
    const rows = [...(await parts.tree.getChildren(good.row)), ...(await parts.tree.getChildren(bad.row))];
    await runCommand('delete', rows[0], rows);
    await until('the second run', () => person.told.length === 2);
    assert.match(person.sentences[0] ?? '', /^Deleted 2\. Failed: 2\. The server gave an answer that was not expected/);
    assert.deepEqual(person.told[0]?.buttons, ['Retry Failed', 'Show Report', 'Save Report…', 'Check Again']);
    assert.deepEqual(person.told[1], { kind: 'info', sentence: 'Deleted 2.', buttons: ['Show Report'] });
    assert.equal(person.confirmed.length, 1);
    const [retry, ...others] = proxy.deletions();
    assert.deepEqual(others, []);
    assert.deepEqual(retry?.body?.match(/<Key>.*?<\/Key>/g), ['<Key>c</Key>', '<Key>d</Key>']);
    assert.deepEqual([await judge.keys(good.bucket), await judge.keys(bad.bucket)], [[], []]);
  });

  it('ends soon when cancelled while the server is silent, and says what may be deleted all the same', async () => {
    const { bucket, row } = await rowsIn({ a: 'x', b: 'x' });
    proxy.addRule({ when: isDeletion, fault: { kind: 'never-answer' } });
    person.answers.confirm = () => true;
    const rows = await parts.tree.getChildren(row);
    const deleting = runCommand('delete', rows[0], rows);
    await until('the deletion to be sent', () => proxy.deletions().length === 1);
    person.cancelTask();
    await deleting;
    await until('the outcome', () => person.told.length === 1);
    assert.deepEqual(person.sentences, ['Cancelled. Deleted 0. Failed: 2.']);
    assert.deepEqual(person.told[0]?.buttons, ['Show Report', 'Delete the Rest…', 'Save Report…', 'Check Again']);
    assert.deepEqual(await judge.keys(bucket), ['a', 'b']);
  });

  it('stops at a secret that is no longer good, and says so', async () => {
    const { bucket, row } = await rowsIn({ a: 'x', b: 'x' });
    proxy.addRule({
      when: isDeletion,
      fault: { kind: 'status', status: 403, body: '<Error><Code>SignatureDoesNotMatch</Code></Error>' },
    });
    person.answers.confirm = () => true;
    const rows = await parts.tree.getChildren(row);
    await runCommand('delete', rows[0], rows);
    await until('the outcome', () => person.told.length === 1);
    assert.match(person.sentences[0] ?? '', /^Deleted 0\. Failed: 2\. The Secret Access Key does not fit/);
    assert.equal(proxy.deletions().length, 1);
    assert.deepEqual(await judge.keys(bucket), ['a', 'b']);
  });

  describe('draws again', () => {
    async function drawnBy(work: () => Promise<unknown>): Promise<readonly (Node | undefined)[]> {
      const drawn: (Node | undefined)[] = [];
      const listening = parts.tree.onDidChangeTreeData((node) => drawn.push(node));
      await work();
      listening.dispose();
      return drawn;
    }

    beforeEach(() => {
      person.answers.confirm = () => true;
      person.answers.ask = ({ prompt }) => prompt.replace(/^.*type: /, '');
    });

    it('the folder that lost something', async () => {
      const { row } = await rowsIn({ 'in/a': 'x', 'in/b': 'x', c: 'x' });
      const folder = await folderRow(row, 'in');
      const a = await entryRow(parts, folder, 'a');
      assert.deepEqual(await drawnBy(() => runCommand('delete', a)), [folder]);
      assert.deepEqual(await labelsBelow(parts, folder), ['b']);
    });

    it('the listing above a folder that is gone with its last object', async () => {
      const { row } = await rowsIn({ 'in/deep/a': 'x', c: 'x' });
      const deep = await folderRow(await folderRow(row, 'in'), 'deep');
      const a = await entryRow(parts, deep, 'a');
      assert.deepEqual(await drawnBy(() => runCommand('delete', a)), [row]);
      assert.deepEqual(await labelsBelow(parts, row), ['c']);
    });

    it('each listing that changed, once', async () => {
      const { row } = await rowsIn({ 'in/a': 'x', 'in/b': 'x', 'in/c': 'x', 'out/a': 'x', 'out/b': 'x', 'off/a': 'x' });
      const [inside, out] = [await folderRow(row, 'in'), await folderRow(row, 'out')];
      const rows = [
        await entryRow(parts, inside, 'a'),
        await entryRow(parts, inside, 'b'),
        await entryRow(parts, out, 'a'),
      ];
      const drawn = await drawnBy(() => runCommand('delete', rows[0], rows));
      assert.deepEqual(new Set(drawn), new Set([inside, out]));
      assert.equal(drawn.length, 2);
    });

    it('the bucket that was emptied, and no other', async () => {
      const { row } = await rowsIn({ a: 'x' });
      assert.deepEqual(await drawnBy(() => runCommand('delete', row)), [row]);
    });
  });

  async function allow(bucket: string, user: string, actions: readonly string[]): Promise<void> {
    const principal = { AWS: [`arn:aws:iam:::user/${user}`] };
    const Policy = policy('Allow', principal, actions, bucket, `${bucket}/*`);
    await judge.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  }
});

function policy(effect: string, principal: unknown, actions: readonly string[], ...paths: readonly string[]): string {
  const resources = paths.map((each) => `arn:aws:s3:::${each}`);
  const Statement = [{ Effect: effect, Principal: principal, Action: actions, Resource: resources }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

function reportText(): string | undefined {
  const shown = vscode.window.activeTextEditor?.document;
  return shown?.uri.scheme === 'storage-credentials-report' ? shown.getText() : undefined;
}
