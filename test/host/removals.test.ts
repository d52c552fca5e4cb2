import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type MemoryS3, startMemoryS3 } from '../../demo/s3Server.ts';
import { tellInterrupted } from '../../src/commands/interrupted.ts';
import type { Parts } from '../../src/commands/parts.ts';
import { planRemoval } from '../../src/removal/plan.ts';
import type { Removal } from '../../src/removal/removal.ts';
import { planUndo } from '../../src/removal/undo.ts';
import type { CredentialNode, Node } from '../../src/tree/nodes.ts';
import type { RemovalNode } from '../../src/tree/removalsTree.ts';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import {
  addRow,
  cleanUp,
  contributions,
  entryRow,
  labelsBelow,
  nowhere,
  runCommand,
  s3Credential,
  startExtension,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, manyObjects } from './support/servers.ts';

describe('the view of removals', () => {
  let parts: Parts;
  let person: Person;
  let server: MemoryS3;
  let proxy: FaultProxy;
  let credential: CredentialNode;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    server = await startMemoryS3({ credentials: [nowhere] });
    proxy = await startFaultProxy({ target: server.endpoint });
  });

  beforeEach(async () => {
    forgetAll();
    proxy.reset();
    person = new Person(parts);
    credential = await addRow(parts, s3Credential('Research', { ...nowhere, endpoint: proxy.endpoint }));
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
    forgetAll();
  });

  after(async () => {
    await proxy.stop();
    await server.stop();
  });

  const forgetAll = () => rmSync(path.join(parts.storage, 'removals'), { recursive: true, force: true });
  const rows = () => parts.removals.getChildren();
  const deletions = () => proxy.requests.filter(isDeletion).length;

  async function onlyRow(): Promise<RemovalNode> {
    const [row, ...others] = await rows();
    assert.ok(row && others.length === 0, 'one removal is kept');
    return row;
  }

  const contextOf = async () => (await onlyRow()).item.contextValue;

  async function fill(bucket: string, count: number): Promise<void> {
    for (const key of Object.keys(manyObjects(count))) server.put(bucket, key, Buffer.from('x'));
    parts.tree.refresh(credential);
  }

  /** Deletes everything in a bucket, of which the server takes its time for each batch. */
  async function deleteSlowly(bucket: string): Promise<{ ended: Promise<unknown> }> {
    proxy.addRule({ when: isDeletion, fault: { kind: 'delay', ms: 400 } });
    person.answers.confirm = () => true;
    person.answers.ask = () => bucket;
    const ended = runCommand('delete', await entryRow(parts, credential, bucket));
    await until('the first batch', () => deletions() > 0);
    return { ended };
  }

  /** As a crash leaves it: begun, a part of it recorded, nobody running it. */
  async function interrupt(bucket: string, count: number, done: number): Promise<Removal> {
    await fill(bucket, count);
    await using lease = await parts.sessions.open(credential.id);
    const { client, provider, record } = lease;
    const removal = await planRemoval({
      client,
      provider,
      credential: {
        id: record.id,
        name: record.name,
        revision: record.revision,
        origin: provider.origin(record.settings),
      },
      selection: [{ kind: 'container', id: bucket, name: bucket, path: bucket }],
      folder: parts.storage,
      signal: new AbortController().signal,
    });
    const line = `${JSON.stringify({ from: 0, entries: done, result: 'deleted' })}\n`;
    writeFileSync(path.join(removal.folder, 'outcomes.jsonl'), line);
    for (const key of Object.keys(manyObjects(done))) server.remove(bucket, key);
    return removal;
  }

  it('shows what runs, pauses it and lets it go on', async () => {
    await fill('slow', 9000);
    const { ended } = await deleteSlowly('slow');
    await until('the row', async () => (await contextOf()) === 'removal is:running');
    await runCommand('pauseRemoval', await onlyRow());
    assert.equal(await contextOf(), 'removal is:paused');
    assert.match(String((await onlyRow()).item.label), /^Paused: [\d,]+ of 9,000$/);
    await new Promise((resolve) => setTimeout(resolve, 900));
    const sent = deletions();
    await new Promise((resolve) => setTimeout(resolve, 900));
    assert.equal(deletions(), sent);
    assert.ok(sent < 9, `${sent} batches were sent`);
    await runCommand('resumeRemoval', await onlyRow());
    await ended;
    assert.deepEqual(server.keys('slow'), []);
    assert.equal(await contextOf(), 'removal is:ended can:check');
    assert.equal((await onlyRow()).item.label, 'Deleted 9,000');
  });

  it('cancels what runs, and tries the rest again', async () => {
    await fill('stopped', 9000);
    const { ended } = await deleteSlowly('stopped');
    await runCommand('cancelRemoval', await onlyRow());
    await ended;
    assert.equal(await contextOf(), 'removal is:ended can:retry can:check');
    const left = server.keys('stopped').length;
    assert.ok(left > 0 && left < 9000, `${left} are left`);
    proxy.reset();
    await runCommand('retryRemoval', await onlyRow());
    assert.deepEqual(server.keys('stopped'), []);
    assert.equal((await rows()).length, 2);
    await runCommand('clearRemovals');
    assert.deepEqual(await rows(), []);
  });

  it('resumes what was interrupted: all that was confirmed goes, and nothing that came since', async () => {
    await interrupt('broken', 3000, 1000);
    server.put('broken', 'late', Buffer.from('x'));
    server.put('broken', 'object-00000', Buffer.from('new'));
    assert.equal(await contextOf(), 'removal is:interrupted');
    assert.equal((await onlyRow()).item.label, 'Interrupted: 1,000 of 3,000');
    await runCommand('resumeRemoval', await onlyRow());
    assert.deepEqual(server.keys('broken'), ['late', 'object-00000']);
    assert.equal(person.sentences.at(-1), 'Deleted 3,000.');
    assert.equal((await onlyRow()).item.label, 'Deleted 3,000');
    assert.deepEqual(person.confirmed, []);
  });

  it('tells of what was interrupted, and resumes the one that is picked', async () => {
    await interrupt('told', 20, 5);
    person.answers.notify = (_, buttons) => (buttons.includes('Resume…') ? 'Resume…' : undefined);
    person.answers.pick = (_, options) => options[0]?.label;
    await tellInterrupted(parts);
    assert.equal(person.sentences[0], 'A removal was interrupted. Interrupted: 5 of 20 in Research · told');
    await until('the end', () => server.keys('told').length === 0);
    await until('the report', async () => (await contextOf()) === 'removal is:ended can:check');
  });

  it('asks again before it resumes with a credential that was changed, and not at all for another server', async () => {
    await interrupt('changed', 20, 5);
    const { record } = credential;
    const edit = { id: record.id, provider: 's3', name: 'Renamed', secrets: {}, keep: ['secretAccessKey'] };
    const saved = await parts.credentials.save({ ...edit, settings: record.settings, basedOn: record.revision });
    await runCommand('resumeRemoval', await onlyRow());
    assert.equal(person.confirmed.length, 1);
    assert.equal(server.keys('changed').length, 15);
    const elsewhere = { ...record.settings, endpoint: 'http://127.0.0.1:9' };
    const secrets = { secretAccessKey: nowhere.secretAccessKey };
    await parts.credentials.save({ ...edit, settings: elsewhere, secrets, keep: [], basedOn: saved.revision });
    await runCommand('resumeRemoval', await onlyRow());
    assert.match(person.sentences.at(-1) ?? '', /^The credential is for another server now/);
    assert.equal(server.keys('changed').length, 15);
  });

  it('keeps the credential that an unfinished removal needs, until that is discarded', async () => {
    const removal = await interrupt('needed', 20, 5);
    person.answers.confirm = ({ button }) => button === 'Remove Credential';
    await runCommand('removeCredential', credential);
    assert.match(person.sentences.at(-1) ?? '', /^A removal that has not ended needs this credential: needed/);
    assert.equal((await parts.tree.credentials()).length, 1);
    await runCommand('clearRemoval', await onlyRow());
    assert.ok(existsSync(removal.folder), 'Escape discards nothing');
    person.answers.confirm = () => true;
    await runCommand('clearRemoval', await onlyRow());
    assert.ok(!existsSync(removal.folder));
    await runCommand('removeCredential', credential);
    assert.deepEqual(await parts.tree.credentials(), []);
  });

  it('shows how far one came that was interrupted', async () => {
    await interrupt('far', 20, 5);
    await runCommand('showRemovalReport', await onlyRow());
    await until('the report', () => person.told.length === 0);
    const { text } = await shownReport();
    assert.match(text, /^Deleted 5\. Failed: 15/);
    assert.match(text, /Stopped early: It was interrupted, and can be resumed\./);
  });

  it('offers each of its commands in the palette, which asks what is meant or says that there is none', async () => {
    const own = contributions()
      .commands.map(({ command }) => command.replace('storageCredentials.', ''))
      .filter((name) => /Removals?(Report)?$/.test(name));
    assert.equal(own.length, 10);
    for (const name of own) await runCommand(name);
    assert.deepEqual(new Set(person.sentences), new Set(['There is no such removal.']));
    await interrupt('picked', 20, 5);
    person.answers.pick = (_, options) => options[0]?.label;
    await runCommand('resumeRemoval');
    assert.deepEqual(person.picked, [{ title: 'Resume Removal', labels: ['Interrupted: 5 of 20'] }]);
    assert.deepEqual(server.keys('picked'), []);
  });
});

describeWithRgw('the undo of a removal', (rgw) => {
  const buckets = new VersionedBuckets(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;
  let credential: CredentialNode;
  let bucket: string;

  before(async () => {
    parts = await startExtension();
    proxy = await startFaultProxy({ target: rgw.endpoint });
  });

  beforeEach(async () => {
    await cleanUp(parts);
    forgetAll();
    proxy.reset();
    person = new Person(parts);
    credential = await addRow(parts, s3Credential('Research', { ...rgw, endpoint: proxy.endpoint }));
    bucket = await buckets.create('versioned');
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
    forgetAll();
  });

  after(() => proxy.stop());

  const forgetAll = () => rmSync(path.join(parts.storage, 'removals'), { recursive: true, force: true });
  const rows = () => parts.removals.getChildren();
  const contexts = async () => (await rows()).map(({ item }) => item.contextValue);
  const listed = async () => labelsBelow(parts, await entryRow(parts, credential, bucket));

  /** Deletes everything in the bucket, which is asked for by its name; gives the row of the removal. */
  async function deleteAll(keys: readonly string[]): Promise<RemovalNode> {
    for (const key of keys) await buckets.put(bucket, key, key);
    parts.tree.refresh(credential);
    person.answers.confirm = () => true;
    person.answers.ask = () => bucket;
    await runCommand('delete', await entryRow(parts, credential, bucket));
    const [row] = await rows();
    assert.ok(row);
    assert.deepEqual(await listed(), ['This bucket is empty']);
    person.answers = {};
    proxy.reset();
    return row;
  }

  const letters = [...'abcdefghijklmn'];

  it('is asked for in the view, and brings back what nothing newer stands in place of', async () => {
    const row = await deleteAll(letters);
    assert.match(person.confirmed[0]?.detail[0] ?? '', /^This can be undone\. .* Undo Removal, in the view Removals/);
    assert.equal(row.item.contextValue, 'removal is:ended can:undo can:check');
    assert.deepEqual(person.told.at(-1)?.buttons, ['Show Report', 'Undo…']);
    await buckets.put(bucket, 'c', 'newer');

    await runCommand('undoRemoval', row);
    assert.equal(person.confirmed.at(-1)?.title, 'Bring back 14 objects?');
    assert.equal(person.confirmed.at(-1)?.button, 'Bring Back 14 Objects');
    assert.equal(proxy.requests.length, 0, 'Escape asks the server nothing');
    assert.equal((await rows()).length, 1);

    person.answers.confirm = () => true;
    await runCommand('undoRemoval', row);
    assert.equal(person.tasks.at(-1), 'Bringing back 14 objects');
    assert.match(
      person.sentences.at(-1) ?? '',
      /^Brought back 13\. Changed since, so kept as it is: 1\. Something newer stands there, which is kept: /,
    );
    assert.deepEqual(await listed(), letters);
    assert.deepEqual(await contexts(), ['removal is:ended', 'removal is:ended can:undo can:check']);
    assert.equal((await rows())[0]?.item.label, 'Brought back 13. Changed since, so kept as it is: 1');
    const lines = await buckets.versions(bucket);
    assert.equal(lines.filter((line) => line.endsWith('!')).length, 1, 'the marker below what is newer stays');
    await runCommand('showRemovalReport', (await rows())[0]);
    const { text } = await shownReport();
    assert.match(text, /^Brought back 13\./);
    assert.match(text, /Not brought back:\nChanged since, so kept as it is: \S+\/c - Something newer/);
  });

  it('is asked for beside the report, and is offered no more once all is back', async () => {
    person.answers.notify = (_, buttons) => buttons.find((button) => button === 'Undo…');
    for (const key of letters) await buckets.put(bucket, `in/${key}`, key);
    parts.tree.refresh(credential);
    person.answers.confirm = () => true;
    const [folder] = (await parts.tree.getChildren(await entryRow(parts, credential, bucket))) as [Node];
    await runCommand('delete', folder);
    await until('the end of the undo', () => person.sentences.length === 2);
    assert.deepEqual(person.sentences, ['Deleted 14.', 'Brought back 14.']);
    await until('the listing', async () => (await listed()).includes('in'));
    assert.deepEqual(await contexts(), ['removal is:ended', 'removal is:ended can:check']);
    await runCommand('undoRemoval');
    assert.equal(person.sentences.at(-1), 'There is no such removal.');
  });

  it('goes on after an interruption, keeps its credential until then, and is refused on another server', async () => {
    const row = await deleteAll(letters);
    await using lease = await parts.sessions.open(credential.id);
    const { id, name, settings } = lease.record;
    const undo = await planUndo(row.kept.removal, { id, name, origin: lease.provider.origin(settings) });
    writeFileSync(path.join(undo.folder, 'outcomes.jsonl'), '');
    assert.deepEqual(await contexts(), ['removal is:interrupted', 'removal is:ended can:check']);
    person.answers.confirm = ({ button }) => button === 'Remove Credential';
    await runCommand('removeCredential', credential);
    assert.match(person.sentences.at(-1) ?? '', /^An undo that has not ended needs this credential: /);
    await tellInterrupted(parts);
    assert.match(person.sentences.at(-1) ?? '', /^An undo was interrupted\. Undo interrupted: 0 of 14 in Research/);
    person.answers.confirm = () => true;
    await runCommand('resumeRemoval', (await rows())[0]);
    assert.equal(person.sentences.at(-1), 'Brought back 14.');
    assert.deepEqual(await listed(), letters);

    const again = await deleteAll(['z']);
    const edit = { id, provider: 's3', name, secrets: { secretAccessKey: rgw.secretAccessKey }, keep: [] };
    const elsewhere = { ...settings, endpoint: 'http://127.0.0.1:9' };
    await parts.credentials.save({ ...edit, settings: elsewhere, basedOn: lease.record.revision });
    person.answers.confirm = () => true;
    await runCommand('undoRemoval', again);
    assert.match(person.sentences.at(-1) ?? '', /^The credential is for another server now/);
    assert.equal((await rows()).length, 3);
  });
});

async function shownReport(): Promise<{ text: string }> {
  const vscode = await import('vscode');
  let text = '';
  await until('the document', () => {
    text = vscode.window.activeTextEditor?.document.getText() ?? '';
    return text !== '';
  });
  return { text };
}
