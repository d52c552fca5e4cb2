import assert from 'node:assert/strict';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode, EntryNode, Node } from '../../src/tree/nodes.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
import { addRow, cleanUp, entryRow, runCommand, s3Credential, startExtension, until } from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, Judge } from './support/servers.ts';

describeWithRgw('the rows that Delete means', (rgw) => {
  const judge = new Judge(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;
  let credential: CredentialNode;
  let bucket: string;
  let bucketRow: EntryNode;
  let rows: readonly EntryNode[];
  let view: Parts['view'];

  before(async () => {
    parts = await startExtension();
    view = parts.view;
    await cleanUp(parts);
    proxy = await startFaultProxy({ target: rgw.endpoint });
  });

  beforeEach(async () => {
    person = new Person(parts);
    person.answers.confirm = () => true;
    bucket = await judge.createBucket({ one: '1', two: '2', three: '3', four: '4', five: '5' });
    credential = await addRow(parts, s3Credential('Research', { ...rgw, endpoint: proxy.endpoint }));
    bucketRow = await entryRow(parts, credential, bucket);
    rows = await Promise.all(['one', 'two', 'three'].map((name) => entryRow(parts, bucketRow, name)));
    proxy.reset();
  });

  afterEach(async () => {
    Object.assign(parts, { view });
    person.leave();
    await cleanUp(parts);
  });

  after(() => proxy.stop());

  // VS Code lets nobody select several rows but a person.
  function select(selection: readonly Node[]): void {
    Object.assign(parts, { view: { visible: true, selection } });
  }

  it('are the three selected ones for the Delete key', async () => {
    select(rows);
    await runCommand('delete');
    assert.deepEqual(person.sentences, ['Deleted 3.']);
    assert.deepEqual(await judge.keys(bucket), ['five', 'four']);
  });

  it('are the one that was clicked, alone, when it is not among the selected', async () => {
    select(rows);
    await runCommand('delete', await entryRow(parts, bucketRow, 'four'));
    assert.equal(person.confirmed[0]?.title, `Delete 1 object: ${bucket}/four`);
    assert.deepEqual(person.sentences, ['Deleted 1.']);
    assert.deepEqual(await judge.keys(bucket), ['five', 'one', 'three', 'two']);
  });

  it('are all selected ones when one of them was clicked', async () => {
    select(rows);
    await runCommand('delete', rows[1], rows);
    assert.deepEqual(await judge.keys(bucket), ['five', 'four']);
  });

  it('are the row that is really selected in the view', async () => {
    const five = await entryRow(parts, bucketRow, 'five');
    // A view that is just being drawn again lets go of what is revealed.
    await until('the selection', async () => {
      await parts.view.reveal(five, { select: true, focus: true });
      return parts.view.selection[0]?.id === five.id;
    });
    await runCommand('delete');
    assert.deepEqual(person.sentences, ['Deleted 1.']);
    assert.deepEqual(await judge.keys(bucket), ['four', 'one', 'three', 'two']);
  });

  it('are asked for when the view with its selection is out of sight', async () => {
    Object.assign(parts, { view: { visible: false, selection: rows } });
    await runCommand('delete');
    assert.equal(person.picked[0]?.title, 'Delete');
    assert.equal(proxy.deletions().length, 0);
  });

  it('are never all that a credential opens: it is asked whether the credential itself is to be removed', async () => {
    person.answers = {};
    select([credential]);
    for (const args of [[], [credential], [credential, [credential]]]) await runCommand('delete', ...args);
    assert.deepEqual(
      person.confirmed.map(({ title }) => title),
      Array.from({ length: 3 }, () => 'Remove the credential: Research'),
    );
    assert.equal((await parts.store.list()).length, 1);
    assert.equal(proxy.deletions().length, 0);
  });

  it('are not several credentials at once', async () => {
    const other = await addRow(parts, s3Credential('Backup', { ...rgw, endpoint: proxy.endpoint }));
    select([credential, other]);
    await runCommand('delete');
    assert.deepEqual(person.sentences, ['Select objects, folders or buckets to delete.']);
    assert.equal((await parts.store.list()).length, 2);
    assert.equal(proxy.deletions().length, 0);
  });
});
