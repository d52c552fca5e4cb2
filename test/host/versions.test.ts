import assert from 'node:assert/strict';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode, EntryNode, Node } from '../../src/tree/nodes.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
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
import { describeWithRgw } from './support/servers.ts';

describeWithRgw('versions and unfinished uploads', (rgw) => {
  const buckets = new VersionedBuckets(rgw);
  let parts: Parts;
  let person: Person;
  let credential: CredentialNode;

  before(async () => {
    parts = await startExtension();
  });

  beforeEach(async () => {
    await cleanUp(parts);
    person = new Person(parts);
    credential = await addRow(parts, s3Credential('Research', rgw));
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
  });

  const rowOf = (bucket: string) => entryRow(parts, credential, bucket);

  async function entriesBelow(node: Node): Promise<readonly EntryNode[]> {
    return (await parts.tree.getChildren(node)).filter((row) => row.kind === 'entry');
  }

  function looksOf(node: Node): { label: unknown; description: string; icon: unknown; flags: string } {
    const { label, description, iconPath, contextValue = '' } = parts.tree.getTreeItem(node);
    const icon = typeof iconPath === 'object' && 'id' in iconPath ? iconPath.id : undefined;
    return { label, description: String(description), icon, flags: contextValue };
  }

  it('are rows of their own once they are shown, in folders too, and gone when hidden', async () => {
    const bucket = await buckets.create('versioned');
    await buckets.put(bucket, 'a', '1');
    await buckets.put(bucket, 'a', '22');
    await buckets.put(bucket, 'in/b', '333');
    const marker = await buckets.mark(bucket, 'in/b');
    const row = await rowOf(bucket);
    assert.deepEqual(await labelsBelow(parts, row), ['a']);
    assert.match(looksOf(row).flags, /\bcan:versions\b/);

    await runCommand('showVersions', row);
    assert.match(looksOf(row).flags, /\bis:versions\b/);
    assert.deepEqual(await labelsBelow(parts, row), ['in', 'a', 'a']);
    const [folder, newest, oldest] = await entriesBelow(row);
    assert.ok(folder && newest && oldest);
    assert.match(looksOf(newest).description, /^current · 2 bytes · .+ · \S{8}$/);
    assert.match(looksOf(oldest).description, /^1 byte · .+ · \S{8}$/);
    assert.deepEqual([looksOf(newest).icon, looksOf(oldest).icon], ['file', 'history']);
    const [deleted, before] = await entriesBelow(folder);
    assert.ok(deleted && before);
    assert.equal(deleted.entry.version?.id, marker);
    assert.match(looksOf(deleted).description, /^delete marker · .+ · \S{8}$/);
    assert.match(looksOf(deleted).flags, /\bcan:restore\b/);
    assert.doesNotMatch(looksOf(deleted).flags, /\bcan:read\b/);
    assert.doesNotMatch(looksOf(before).flags, /\bcan:restore\b/);

    await runCommand('hideVersions', row);
    assert.deepEqual(await labelsBelow(parts, row), ['a']);
  });

  it('deleting what is current says that it can be undone, and Undelete does so', async () => {
    const bucket = await buckets.create('versioned');
    for (const key of ['a', 'b']) await buckets.put(bucket, key);
    const row = await rowOf(bucket);
    person.answers.confirm = () => true;
    const rows = await entriesBelow(row);
    await runCommand('delete', rows[0], rows);
    assert.match(person.confirmed[0]?.detail[0] ?? '', /^This can be undone\./);
    assert.deepEqual(await labelsBelow(parts, row), ['This bucket is empty']);

    await runCommand('showVersions', row);
    const all = await entriesBelow(row);
    assert.equal(all.length, 4);
    const markers = all.filter(({ entry }) => entry.version?.marker);
    await runCommand('undelete', markers[0], [...markers, ...all]);
    assert.deepEqual(person.sentences, ['Deleted 2.', 'Undeleted 2 objects.']);
    await runCommand('hideVersions', row);
    assert.deepEqual(await labelsBelow(parts, row), ['a', 'b']);
  });

  it('all versions of one object go, and nothing whose name begins alike', async () => {
    const bucket = await buckets.create('versioned');
    for (const key of ['a', 'a', 'a b', 'a/b']) await buckets.put(bucket, key);
    await buckets.mark(bucket, 'a');
    await buckets.put(bucket, 'a');
    const row = await rowOf(bucket);
    person.answers.confirm = () => true;
    const object = (await entriesBelow(row)).find(({ entry }) => entry.id === 'a');
    await runCommand('deleteAllVersions', object);
    assert.equal(person.confirmed[0]?.title, 'Delete 3 versions and 1 delete marker?');
    assert.match(person.confirmed[0]?.detail[0] ?? '', /^This can't be undone\./);
    assert.deepEqual(person.sentences, ['Deleted 4.']);
    assert.deepEqual(
      (await buckets.versions(bucket)).map((line) => line.split('#')[0]),
      ['a b', 'a/b'],
    );
  });

  it('everything in a bucket means its versions, markers and uploads, when its name is typed', async () => {
    const bucket = await buckets.create('versioned');
    for (const key of ['a', 'a', 'in/b']) await buckets.put(bucket, key);
    await buckets.mark(bucket, 'a');
    await buckets.beginUpload(bucket, 'in/c');
    const row = await rowOf(bucket);
    person.answers.confirm = () => true;
    person.answers.ask = () => bucket;
    await runCommand('deleteAllVersions', row);
    assert.equal(person.confirmed[0]?.title, 'Delete 3 versions, 1 delete marker and 1 unfinished upload?');
    assert.deepEqual(person.sentences, ['Deleted 5.']);
    assert.deepEqual(await buckets.versions(bucket), []);
    assert.deepEqual(await buckets.uploads(bucket), []);
  });

  describe('locked in governance mode', () => {
    const tomorrow = new Date(Date.now() + 86_400_000);
    const [leave, bypass] = ['Leave Locked Ones', 'Delete Locked Ones Too (Bypass Governance)'];
    let bucket: string;
    let row: EntryNode;

    beforeEach(async () => {
      bucket = await buckets.create('locking');
      await buckets.retain(bucket, 'locked', await buckets.put(bucket, 'locked'), 'GOVERNANCE', tomorrow);
      await buckets.put(bucket, 'free');
      row = await rowOf(bucket);
      person.answers.confirm = () => true;
      person.answers.ask = () => bucket;
    });

    it('shows a lock and its end', async () => {
      await runCommand('showVersions', row);
      const [, locked] = await entriesBelow(row);
      assert.ok(locked);
      assert.equal(looksOf(locked).icon, 'lock');
      assert.match(String(parts.tree.getTreeItem(locked).tooltip), /^Locked, governance mode: until /m);
    });

    it('stays when left, and the report says until when', async () => {
      person.answers.pick = () => leave;
      person.answers.notify = (_, buttons) => buttons.find((button) => button === 'Show Report');
      await runCommand('deleteAllVersions', row);
      assert.deepEqual(person.picked, [{ title: 'Locked in governance mode: 1', labels: [leave, bypass] }]);
      assert.match(person.sentences[0] ?? '', /^Deleted 1\. Locked: 1\. Locked in governance mode until /);
      assert.equal((await buckets.versions(bucket)).length, 1);
    });

    it('goes only when that was chosen, and the question says so', async () => {
      person.answers.pick = () => bypass;
      await runCommand('deleteAllVersions', row);
      assert.ok(person.confirmed[0]?.detail.includes('Locked in governance mode, which is bypassed for: 1'));
      assert.deepEqual(person.sentences, ['Deleted 2.']);
      assert.deepEqual(await buckets.versions(bucket), []);
    });

    it('keeps everything when the question about it is closed', async () => {
      await runCommand('deleteAllVersions', row);
      assert.equal(person.picked.length, 1);
      assert.deepEqual(person.confirmed, []);
      assert.deepEqual(person.sentences, []);
      assert.equal((await buckets.versions(bucket)).length, 2);
    });
  });

  it('unfinished uploads stand at the end of a bucket; aborting one leaves the object of its name', async () => {
    const bucket = await buckets.create('plain');
    await buckets.put(bucket, 'in/a', 'finished');
    for (const key of ['in/a', 'b']) await buckets.beginUpload(bucket, key);
    const row = await rowOf(bucket);
    const uploads = (await parts.tree.getChildren(row)).at(-1);
    assert.ok(uploads?.kind === 'uploads');
    assert.equal(looksOf(uploads).label, 'Unfinished Uploads');
    assert.deepEqual(await labelsBelow(parts, uploads), ['b', 'in/a']);
    const upload = await entryRow(parts, uploads, 'in/a');
    assert.equal(looksOf(upload).flags, 'upload can:remove');
    person.answers.confirm = () => true;
    await runCommand('abortUpload', upload);
    assert.equal(person.confirmed[0]?.title, `Abort 1 unfinished upload: ${bucket}/in/a`);
    assert.match(person.confirmed[0]?.detail[0] ?? '', /^This can't be undone\./);
    assert.deepEqual(await buckets.uploads(bucket), ['b']);
    assert.deepEqual(await buckets.versions(bucket), ['in/a#null']);
    assert.deepEqual(await labelsBelow(parts, uploads), ['b']);
    await runCommand('abortUpload', await entryRow(parts, uploads, 'b'));
    await until('the list to be empty', async () => (await labelsBelow(parts, uploads))[0] === 'No unfinished uploads');
  });
});
