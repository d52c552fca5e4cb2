import assert from 'node:assert/strict';
import { DeleteBucketCommand, DeleteObjectCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import * as vscode from 'vscode';
import { type MemoryS3, startMemoryS3 } from '../../demo/s3Server.ts';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode, EntryNode, Node } from '../../src/tree/nodes.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { createRgwUser } from '../servers/rgw.ts';
import {
  addRow,
  cleanUp,
  entryRow,
  labelOf,
  labelsBelow,
  nowhere,
  runCommand,
  s3Credential,
  startExtension,
  tabs,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, Judge, manyObjects } from './support/servers.ts';

describe('a long listing', () => {
  let parts: Parts;
  let person: Person;
  let server: MemoryS3;
  let row: EntryNode;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    server = await startMemoryS3({ credentials: [nowhere] });
    for (const key of Object.keys(manyObjects(5100))) server.put('long', key, Buffer.from('x'));
  });

  beforeEach(async () => {
    person = new Person(parts);
    const credential = await addRow(parts, s3Credential('Research', { ...nowhere, endpoint: server.endpoint }));
    row = await entryRow(parts, credential, 'long');
    server.resetCounts();
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
  });

  after(() => server.stop());

  it('comes page by page, each loaded once however often it is asked for', async () => {
    const loadMore = await lastRow(row);
    assert.equal(labelOf(loadMore), 'Load More…');
    assert.equal((await labelsBelow(parts, row)).length, 1001);
    assert.deepEqual(server.requestCounts(), { GET: 1 });

    await Promise.all([runCommand('loadMore', loadMore), runCommand('loadMore', loadMore)]);
    const labels = await labelsBelow(parts, row);
    assert.deepEqual(server.requestCounts(), { GET: 2 });
    assert.deepEqual(labels, [...Object.keys(manyObjects(2000)), 'Load More…']);
  });

  it('ends at 5,000 rows, and offers to filter by the server from there', async () => {
    for (let pages = 0; pages < 8; pages++) await runCommand('loadMore', await lastRow(row));
    const last = await lastRow(row);
    assert.equal((await labelsBelow(parts, row)).length, 5001);
    assert.deepEqual(server.requestCounts(), { GET: 5 });
    assert.equal(labelOf(last), 'The first 5,000 are shown. Filter to see others.');
    const item = parts.tree.getTreeItem(last);
    assert.equal(item.command?.command, 'storageCredentials.filterByPrefix');
    assert.deepEqual(item.command?.arguments, [row]);

    person.answers.ask = () => 'object-0509';
    await runCommand('filterByPrefix', row);
    assert.deepEqual(
      await labelsBelow(parts, row),
      Array.from({ length: 10 }, (_, n) => `object-0509${n}`),
    );
    assert.deepEqual(server.requestCounts(), { GET: 6 });
  });

  async function lastRow(parent: Node): Promise<Node> {
    const last = (await parts.tree.getChildren(parent)).findLast(({ kind }) => kind !== 'uploads');
    assert.ok(last);
    return last;
  }
});

describeWithRgw('browsing', (rgw) => {
  const judge = new Judge(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    proxy = await startFaultProxy({ target: rgw.endpoint });
  });

  beforeEach(() => {
    proxy.reset();
    person = new Person(parts);
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
  });

  after(() => proxy.stop());

  const addResearch = () => addRow(parts, s3Credential('Research', { ...rgw, endpoint: proxy.endpoint }));

  async function bucketWith(objects: Readonly<Record<string, string>>) {
    const bucket = await judge.createBucket(objects);
    const credential = await addResearch();
    return { bucket, credential, row: await entryRow(parts, credential, bucket) };
  }

  function listings(): readonly string[] {
    return proxy.requests.flatMap(({ target }) => (target.includes('list-type=2') ? [target] : []));
  }

  it('shows folders before objects, with what is known of them', async () => {
    const { bucket, row } = await bucketWith({
      'b.txt': 'hello',
      'a/1': 'x',
      'c/2/3': 'x',
      '<img src=x onerror=alert(1)>': 'x',
    });
    assert.deepEqual(await labelsBelow(parts, row), ['a', 'c', '<img src=x onerror=alert(1)>', 'b.txt']);
    const item = parts.tree.getTreeItem(await entryRow(parts, row, 'b.txt'));
    assert.equal(item.description, '5 bytes');
    assert.equal(item.contextValue, 'object can:remove can:read can:versions can:share can:properties');
    const tooltip = String(item.tooltip).split('\n');
    assert.equal(tooltip[0], `${bucket}/b.txt`);
    assert.equal(tooltip[1], 'Size: 5 bytes');
    assert.match(tooltip[2] ?? '', /^Modified: .*\d/);
    assert.deepEqual(tooltip.slice(3), ['Storage class: STANDARD', 'ETag: "5d41402abc4b2a76b9719d911017c592"']);
    assert.equal(
      parts.tree.getTreeItem(await entryRow(parts, row, 'a')).contextValue,
      'folder can:remove can:versions can:lifecycle',
    );
  });

  it('refreshes one row without asking about the others', async () => {
    const { row, credential } = await bucketWith({ 'a/1': 'x', 'b/1': 'x' });
    const [a, b] = [await entryRow(parts, row, 'a'), await entryRow(parts, row, 'b')];
    for (const node of [a, b]) await parts.tree.getChildren(node);
    const before = proxy.requests.length;
    await runCommand('refresh', a);
    for (const node of [credential, row, a, b]) await parts.tree.getChildren(node);
    assert.deepEqual(
      proxy.requests.slice(before).map(({ target }) => new URL(target, 'http://x').searchParams.get('prefix')),
      ['a/'],
    );
  });

  it('filters by asking the server, below the folder that is filtered', async () => {
    const { row } = await bucketWith({ 'in/apple': 'x', 'in/banana': 'x', 'in/blue/1': 'x', other: 'x' });
    const folder = await entryRow(parts, row, 'in');
    person.answers.ask = () => 'b';
    await runCommand('filterByPrefix', folder);
    assert.deepEqual(await labelsBelow(parts, folder), ['blue', 'banana']);
    assert.match(listings().at(-1) ?? '', /[?&]prefix=in%2Fb(&|$)/);
    const item = parts.tree.getTreeItem(folder);
    assert.equal(item.description, 'filter: b*');
    assert.equal(item.contextValue, 'folder can:remove can:versions can:lifecycle is:filtered');

    person.answers.ask = ({ value }) => `${value}zz`;
    await runCommand('filterByPrefix', folder);
    assert.deepEqual(await labelsBelow(parts, folder), ['Nothing begins with: bzz']);
    await runCommand('clearFilter', folder);
    assert.deepEqual(await labelsBelow(parts, folder), ['blue', 'apple', 'banana']);
    assert.equal(parts.tree.getTreeItem(folder).contextValue, 'folder can:remove can:versions can:lifecycle');
  });

  it('opens a place by its path for keys that may not list, and closes it again', async () => {
    const user = await createRgwUser(rgw.configFile);
    const bucket = await judge.createBucket({ 'in/a': 'x', 'in/b': 'x' });
    await judge.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: readingOf(bucket, user.name) }));
    const refusal = '<Error><Code>AccessDenied</Code></Error>';
    proxy.addRule({
      when: ({ target }) => /^\/(\?|$)/.test(target),
      fault: { kind: 'status', status: 403, body: refusal },
    });
    const credential = await addRow(parts, s3Credential('Restricted', { ...user, endpoint: proxy.endpoint }));
    const [message] = await parts.tree.getChildren(credential);
    assert.equal(message?.kind, 'message');
    const item = parts.tree.getTreeItem(message ?? credential);
    assert.equal(item.description, 'Open Bucket or Path…');
    assert.equal(item.command?.command, 'storageCredentials.openPath');

    person.answers.ask = ({ refuse }) => {
      assert.equal(refuse?.('/in'), 'Begin with the name of a bucket. A web address is none.');
      return `s3://${bucket}/in`;
    };
    await runCommand('openPath', credential);
    const [opened] = await parts.tree.getChildren(credential);
    assert.ok(opened?.kind === 'entry');
    assert.equal(opened.entry.path, `${bucket}/in/`);
    assert.equal(parts.tree.getTreeItem(opened).contextValue, 'folder can:remove can:versions can:lifecycle is:opened');
    assert.deepEqual(await labelsBelow(parts, opened), ['a', 'b']);
    await until('the selection', () => parts.view.selection[0]?.id === opened.id);

    await runCommand('closePath', opened);
    assert.deepEqual(
      (await parts.tree.getChildren(credential)).map(({ kind }) => kind),
      ['message'],
    );
    assert.equal(proxy.deletions().length, 0);
  });

  it('opens an object by its path, and no row for a path that leads to nothing', async () => {
    const { bucket, credential } = await bucketWith({ 'in/notes.txt': 'by path' });
    person.answers.ask = () => `s3://${bucket}/in/notes.txt`;
    await runCommand('openPath', credential);
    assert.equal(await openedText(), 'by path');
    person.answers.ask = () => `${bucket}/in/note`;
    await runCommand('openPath', credential);
    assert.match(person.sentences[0] ?? '', new RegExp(`^Nothing is there: ${bucket}/in/note\\.`));
    assert.deepEqual(parts.opened.of(credential.id), []);
  });

  describe('opening an object', () => {
    it('shows the content, read-only', async () => {
      const { row } = await bucketWith({ 'notes.txt': 'first line\nsecond line\n' });
      await runCommand('openObject', await entryRow(parts, row, 'notes.txt'));
      assert.equal(await openedText(), 'first line\nsecond line\n');
      assert.deepEqual(tabs(), ['notes.txt']);
      const uri = vscode.window.activeTextEditor?.document.uri;
      assert.ok(uri);
      assert.equal(vscode.workspace.fs.isWritableFileSystem(uri.scheme), false);
      await assert.rejects(async () => await vscode.workspace.fs.writeFile(uri, Buffer.from('y')));
      await assert.rejects(async () => await vscode.workspace.fs.delete(uri));
      assert.deepEqual(
        proxy.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD'),
        [],
      );
    });

    it('shows each of the names that look alike to a path', async () => {
      const contents = {
        'a/../b': 'dots',
        'a//b': 'double',
        'a/b': 'single',
        b: 'plain',
        '/b': 'leading',
        'a/./b': 'dot',
      };
      const { row } = await bucketWith(contents);
      for (const [key, content] of Object.entries(contents)) {
        await vscode.commands.executeCommand('workbench.action.closeAllEditors');
        await runCommand('openObject', await objectRow(row, key));
        assert.equal(await openedText(), content, key);
      }
    });

    it('asks before more than 5 MB are downloaded', async () => {
      const line = `${'x'.repeat(99)}\n`;
      const { row } = await bucketWith({ 'large.txt': line.repeat(50_001), 'small.txt': line.repeat(50_000) });
      const large = await entryRow(parts, row, 'large.txt');
      const before = proxy.requests.length;
      await runCommand('openObject', large);
      assert.deepEqual(proxy.requests.slice(before), []);
      assert.deepEqual(tabs(), []);
      person.answers.confirm = () => true;
      await runCommand('openObject', large);
      assert.deepEqual(tabs(), ['large.txt']);
      await runCommand('openObject', await entryRow(parts, row, 'small.txt'));
      assert.deepEqual(
        person.confirmed.map(({ title }) => title),
        ['Open a large object: large.txt', 'Open a large object: large.txt'],
      );
    });

    it('says that it is gone when it is', async () => {
      const { bucket, row } = await bucketWith({ 'notes.txt': 'x' });
      const notes = await entryRow(parts, row, 'notes.txt');
      await runCommand('openObject', notes);
      await openedText();
      const uri = vscode.window.activeTextEditor?.document.uri;
      assert.ok(uri);
      await judge.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'notes.txt' }));
      await assert.rejects(async () => await vscode.workspace.fs.readFile(uri), /There is no such object: notes\.txt/);
    });
  });

  it('copies paths and URLs', async () => {
    const { bucket, row } = await bucketWith({ 'a b+c': 'x', 'in/1': 'x' });
    const rows = await parts.tree.getChildren(row);
    await runCommand('copyPath', rows[0], rows);
    assert.equal(await vscode.env.clipboard.readText(), `${bucket}/in/\n${bucket}/a b+c`);
    await runCommand('copyUrl', rows[1]);
    assert.equal(await vscode.env.clipboard.readText(), `s3://${bucket}/a b+c`);
    await runCommand('copyUrl', row);
    assert.equal(await vscode.env.clipboard.readText(), `s3://${bucket}`);
  });

  describe('a bad day', () => {
    async function messageBelow(node: CredentialNode | EntryNode) {
      const rows = await parts.tree.getChildren(node);
      assert.equal(rows.length, 1);
      const item = parts.tree.getTreeItem(rows[0] ?? node);
      return { label: item.label, way: item.description, command: item.command?.command };
    }

    it('with a wrong secret leads to the form', async () => {
      const wrong = { ...rgw, secretAccessKey: 'wrong-secret-of-a-test' };
      assert.deepEqual(await messageBelow(await addRow(parts, s3Credential('Wrong', wrong))), {
        label: 'The Secret Access Key does not fit the Access Key ID.',
        way: 'Edit Credential',
        command: 'storageCredentials.editCredential',
      });
    });

    it('with a server that is down ends by trying again', async () => {
      const first = await startMemoryS3({ credentials: [nowhere] });
      const { endpoint } = first;
      await first.stop();
      const credential = await addRow(parts, s3Credential('Down', { ...nowhere, endpoint }));
      const { label, way } = await messageBelow(credential);
      assert.match(String(label), new RegExp(new URL(endpoint).host));
      assert.equal(way, 'Try Again');

      const again = await startMemoryS3({ credentials: [nowhere], port: Number(new URL(endpoint).port) });
      again.put('back', 'a', Buffer.from('x'));
      await runCommand('refresh', credential);
      assert.deepEqual(await labelsBelow(parts, credential), ['back']);
      await again.stop();
    });

    it('with a bucket that vanished while it was open says so', async () => {
      const { bucket, row } = await bucketWith({});
      assert.deepEqual(await labelsBelow(parts, row), ['This bucket is empty']);
      await judge.client.send(new DeleteBucketCommand({ Bucket: bucket }));
      await runCommand('refresh', row);
      assert.deepEqual(await messageBelow(row), {
        label: `There is no such bucket: ${bucket}`,
        way: 'Try Again',
        command: 'storageCredentials.refresh',
      });
      await runCommand('delete', row);
      assert.match(person.sentences[0] ?? '', new RegExp(`^There is no such bucket: ${bucket}`));
      assert.equal(proxy.deletions().length, 0);
    });

    it('with a listing that is cut off keeps what was there and says what is missing', async () => {
      const { row } = await bucketWith(manyObjects(1001));
      assert.equal((await labelsBelow(parts, row)).length, 1001);
      proxy.addRule({
        when: ({ target }) => target.includes('list-type=2'),
        fault: { kind: 'cut-body', afterBytes: 100 },
      });
      await runCommand(
        'loadMore',
        (await parts.tree.getChildren(row)).find(({ kind }) => kind === 'loadMore'),
      );
      const rows = await parts.tree.getChildren(row);
      assert.equal(rows.length, 1001);
      const last = rows.at(-1);
      assert.ok(last?.kind === 'message' && last.error);
    });
  });

  /** Walks down to an object as a person would, folder by folder. */
  async function objectRow(bucketRow: EntryNode, key: string): Promise<EntryNode> {
    let at = bucketRow;
    for (const name of key.split('/')) {
      const id = at === bucketRow ? '' : at.entry.id;
      const rows = await parts.tree.getChildren(at);
      const found = rows.find(
        (node) =>
          node.kind === 'entry' &&
          (node.entry.id === `${id}${name}/` || node.entry.id === key) &&
          key.startsWith(node.entry.id),
      );
      assert.ok(found?.kind === 'entry', `Nothing on the way to ${key}`);
      at = found;
    }
    assert.equal(at.entry.id, key);
    return at;
  }
});

async function openedText(): Promise<string> {
  await until('a document', () => vscode.window.activeTextEditor?.document.uri.scheme === 'storage-credentials');
  return vscode.window.activeTextEditor?.document.getText() ?? '';
}

function readingOf(bucket: string, user: string): string {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const Principal = { AWS: [`arn:aws:iam:::user/${user}`] };
  const Statement = [{ Effect: 'Allow', Principal, Action: ['s3:ListBucket', 's3:GetObject'], Resource }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}
