import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import * as vscode from 'vscode';
import type { Parts } from '../../src/commands/parts.ts';
import { type FaultProxy, isDeletion, startFaultProxy } from '../servers/faultProxy.ts';
import {
  addRow,
  cleanUp,
  entryRow,
  runCommand,
  s3Credential,
  startExtension,
  tabs,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, Judge, manyObjects } from './support/servers.ts';

describeWithRgw('deleting by URL', (rgw) => {
  const judge = new Judge(rgw);
  let parts: Parts;
  let person: Person;
  let proxy: FaultProxy;
  let server: string;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    proxy = await startFaultProxy({ target: rgw.endpoint });
    server = new URL(proxy.endpoint).host;
  });

  beforeEach(async () => {
    proxy.reset();
    person = new Person(parts);
    await addRow(parts, s3Credential('Research', { ...rgw, endpoint: proxy.endpoint }));
  });

  afterEach(async () => {
    person.leave();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await cleanUp(parts);
    rmSync(path.join(parts.storage, 'removals'), { recursive: true, force: true });
  });

  after(() => proxy.stop());

  /** Opens these lines in an editor and chooses that file; what is asked next is answered with the labels that follow. */
  async function offer(lines: readonly string[], ...labels: readonly string[]): Promise<void> {
    const document = await vscode.workspace.openTextDocument({ content: lines.join('\n') });
    await vscode.window.showTextDocument(document);
    const waiting = [...labels];
    person.answers.pick = (_, options) =>
      options.find(({ label }) => label.startsWith('Open File'))?.label ??
      options.find(({ label }) => label.startsWith(waiting[0] ?? '?') && waiting.shift())?.label;
  }

  function url(bucket: string, key: string): string {
    return `s3://${server}/${bucket}/${key}`;
  }

  function heads(): number {
    return proxy.requests.filter(({ method }) => method === 'HEAD').length;
  }

  function shown(): string {
    return vscode.window.activeTextEditor?.document.getText() ?? '';
  }

  it('gives every line one outcome: mixed clouds, doubles, what is missing, local or nothing at all', async () => {
    const bucket = await judge.createBucket({ a: '1', 'b c': '22', 'd%20e': '333', 'd e': 'stays', kept: 'stays' });
    const lines = [
      url(bucket, 'a'),
      `http://${server.toUpperCase()}/${bucket}/b%20c`,
      url(bucket, 'd%20e'),
      '',
      `http://${server}/${bucket}/a`,
      url(bucket, 'never-was'),
      's3://elsewhere/key',
      `s3://${server}1/${bucket}/kept`,
      'file:///srv/kept',
      'no URL',
      `http://${server}/${bucket}/kept?X-Amz-Signature=0123456789abcdef`,
      url('no-such-bucket', 'a'),
    ];
    await offer(lines, 'Go On with 3 objects');
    person.answers.confirm = () => true;
    await runCommand('deleteByUrl');

    const [question] = person.confirmed;
    assert.equal(person.confirmed.length, 1);
    assert.equal(question?.title, 'Delete 3 objects?');
    assert.deepEqual(question?.detail.slice(0, 1), ["This can't be undone. The bucket keeps no versions."]);
    assert.ok(question?.detail.includes('Size: 6 bytes'));
    assert.equal(question?.detail.at(-1), 'Skipped: unresolved: 3, missing: 2, malformed: 2, duplicate: 1');
    assert.deepEqual(await judge.keys(bucket), ['d e', 'kept']);
    assert.deepEqual(person.told, [
      {
        kind: 'info',
        sentence: 'Deleted 3. Skipped: unresolved: 3, missing: 2, malformed: 2, duplicate: 1.',
        buttons: ['Show Report', 'Save Report…'],
      },
    ]);
    assert.equal(proxy.deletions().length, 1);
    const said = `${person.everything}${shown()}${readAll(path.join(parts.storage, 'removals'))}`;
    assert.ok(!said.includes('0123456789abcdef'), 'The signature is told to nobody');
  });

  it('shows the plan first, with rule, size and what becomes of each line', async () => {
    const bucket = await judge.createBucket({ a: '1', b: '22' });
    await offer(
      [url(bucket, 'a'), url(bucket, 'gone'), url(bucket, 'a'), 's3://elsewhere/key'],
      'Go On with 1 object…',
    );
    let plan = '';
    person.answers.confirm = () => {
      plan = shown();
      return false;
    };
    await runCommand('deleteByUrl');
    assert.match(plan, /^To be deleted: 1 \(1 byte\)$/m);
    assert.match(plan, /^Skipped: unresolved: 1, missing: 1, duplicate: 1$/m);
    assert.match(
      plan,
      new RegExp(`^1 +delete +1 byte +no +Research because it is the default for ${server} +${url(bucket, 'a')}$`, 'm'),
    );
    assert.match(plan, /^2 +skip: missing +Nothing is there\./m);
    assert.match(plan, /^3 +skip: duplicate of line 1 /m);
    assert.match(plan, /^4 +skip: unresolved +No credential is for the bucket elsewhere of Amazon S3\./m);
    assert.equal(proxy.deletions().length, 0);
    assert.deepEqual(await judge.keys(bucket), ['a', 'b']);
    assert.deepEqual(readdirSync(path.join(parts.storage, 'removals')), []);
  });

  it('sends no delete when it is closed at any step', async () => {
    const bucket = await judge.createBucket({ a: '1' });
    const lines = [url(bucket, 'a'), 's3://elsewhere/key'];
    await offer(lines, 'Go On');
    person.answers.pick = () => undefined;
    await runCommand('deleteByUrl');
    person.answers.pick = () => 'Type or Paste…';
    await runCommand('deleteByUrl');
    person.answers.ask = () => '';
    await runCommand('deleteByUrl');
    await offer(lines);
    await runCommand('deleteByUrl');
    await offer(lines, 'Go On');
    await runCommand('deleteByUrl');
    assert.equal(person.confirmed.length, 1);
    assert.deepEqual(person.sentences, ['There is no URL in it.']);

    person.answers.progress = (title) => title.startsWith('Looking') && person.cancelTask();
    await runCommand('deleteByUrl');
    assert.equal(person.confirmed.length, 1);
    assert.equal(proxy.deletions().length, 0);
    assert.deepEqual(await judge.keys(bucket), ['a']);
  });

  it('wants more than a thousand typed, and looks at none of them unless told to', async () => {
    const bucket = await judge.createBucket(manyObjects(1002));
    const lines = Object.keys(manyObjects(1002)).map((key) => url(bucket, key));
    person.answers.confirm = ({ button }) => button === 'Continue…';
    person.answers.ask = () => undefined;
    await offer(lines, 'Go On with 1,002 objects');
    await runCommand('deleteByUrl');
    assert.equal(heads(), 0);
    assert.equal(person.asked[0]?.prompt, 'To delete 1,002 objects, type: Research');
    assert.equal(proxy.deletions().length, 0);

    await offer(lines, 'Look Up Sizes');
    await runCommand('deleteByUrl');
    assert.equal(heads(), 1002);

    await offer(lines, 'Go On with 1,002 objects');
    person.answers.ask = () => 'Research';
    await runCommand('deleteByUrl');
    assert.deepEqual(person.sentences, ['Deleted 1,002.']);
    assert.equal(proxy.deletions().length, 2);
    assert.deepEqual(await judge.keys(bucket), []);
  });

  it('looks up what a URL can mean, however many there are, and guesses nothing', async () => {
    const bucket = await judge.createBucket({ ...manyObjects(101), 'x y': '1', 'z%20z': '2', 'x%20y': 'stays' });
    const lines = [
      ...Object.keys(manyObjects(101)).map((key) => url(bucket, key)),
      `http://${server}/${bucket}/x%20y`,
      `http://${server}/${bucket}/z%20z`,
      `http://${server}/${bucket}/closed%20`,
    ];
    proxy.addRule({
      when: ({ method, target }) => method === 'HEAD' && target.includes('closed'),
      fault: { kind: 'status', status: 403 },
    });
    await offer(lines, 'Go On with 103 objects');
    person.answers.confirm = () => true;
    await runCommand('deleteByUrl');
    assert.deepEqual(person.sentences, ['Deleted 103. Skipped: unresolved: 1.']);
    assert.deepEqual(await judge.keys(bucket), ['x%20y']);
  });

  it('asks one question for several credentials, and each object goes with its own', async () => {
    const [one, other] = [await judge.createBucket({ a: '1' }), await judge.createBucket({ b: '1', c: '1' })];
    await addRow(parts, s3Credential('Only one', { ...rgw, endpoint: proxy.endpoint }, { bucket: one }));
    await offer([url(other, 'b'), url(one, 'a'), url(other, 'c')]);
    person.answers.confirm = () => true;
    await runCommand('deleteByUrl');
    assert.deepEqual(person.confirmed, [
      {
        kind: 'modal',
        title: 'Delete 3 objects?',
        detail: [
          "Research (Amazon S3): 2 objects, 2 bytes. This can't be undone. The bucket keeps no versions.",
          "Only one (Amazon S3): 1 object, 1 byte. This can't be undone. The bucket keeps no versions.",
        ],
        button: 'Delete 3 Objects',
      },
    ]);
    assert.deepEqual(person.sentences, ['Deleted 3.']);
    assert.deepEqual([await judge.keys(one), await judge.keys(other)], [[], []]);
  });

  it('retries what failed, and saves one row for every URL', async () => {
    const bucket = await judge.createBucket({ a: '1', b: '1' });
    const other = await judge.createBucket({ c: '1' });
    proxy.addRule({
      when: (request) => isDeletion(request) && request.target.includes(other),
      fault: { kind: 'status', status: 400, body: '<Error><Code>InvalidRequest</Code></Error>' },
    });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'storage-credentials-report-'));
    const file = path.join(folder, 'report.csv');
    await offer([url(bucket, 'a'), url(bucket, 'b'), url(other, 'c'), url(bucket, 'gone'), '=no URL']);
    person.answers.confirm = () => true;
    let retried = false;
    person.answers.notify = (_, buttons) => {
      if (buttons.includes('Retry Failed') && !retried) {
        retried = true;
        proxy.reset();
        return 'Retry Failed';
      }
      return buttons.includes('Save Report…') ? 'Save Report…' : undefined;
    };
    person.answers.chooseTarget = async () => vscode.Uri.file(file);
    await runCommand('deleteByUrl');
    await until('the report', () => existsSync(file) && readFileSync(file, 'utf8').split('\r\n').length === 7);
    const [, ...rows] = readFileSync(file, 'utf8').trimEnd().split('\r\n');
    assert.deepEqual(
      rows.map((row) => row.split(',').slice(0, 2)),
      [
        ['Deleted', '1'],
        ['Deleted', '2'],
        ['Deleted', '3'],
        ['Skipped: missing', '4'],
        ['Skipped: malformed', '5'],
      ],
    );
    assert.ok(rows[4]?.includes("'=no URL"), 'No spreadsheet takes it for a formula');
    assert.match(person.sentences[0] ?? '', /^Deleted 2\. Failed: 1\. Skipped: missing: 1, malformed: 1\./);
    assert.equal(person.sentences[1], 'Deleted 3. Skipped: missing: 1, malformed: 1.');
    assert.equal(person.confirmed.length, 1);
    assert.deepEqual(await judge.keys(other), []);
    rmSync(folder, { recursive: true });
  });

  it('says of what is locked that it is, before and after', async () => {
    const bucket = `host-lock-${Date.now().toString(36)}`;
    await judge.client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
    await judge.client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    await judge.client.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: 'x' }));
    await judge.client.send(
      new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: 'a',
        Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 20_000) },
      }),
    );
    await offer([url(bucket, 'a')]);
    await runCommand('deleteByUrl');
    assert.match(shown(), /^1 +delete, but it is locked +1 byte +yes +Research/m);
    assert.ok(person.confirmed[0]?.detail.includes('Locked, so the server will likely keep them: 1'));
    assert.equal(proxy.deletions().length, 0);
  });

  it('brings back what it deleted where the bucket keeps versions, once that is confirmed too', async () => {
    const bucket = await judge.createBucket({});
    const versioning = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } } as const;
    await judge.client.send(new PutBucketVersioningCommand(versioning));
    for (const Key of ['a', 'b', 'c'])
      await judge.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }));
    await offer([url(bucket, 'a'), url(bucket, 'b')]);
    person.answers.confirm = () => true;
    person.answers.notify = (_, buttons) => buttons.find((button) => button === 'Undo…');
    await runCommand('deleteByUrl');
    await until('the end of the undo', () => person.sentences.length === 2);
    assert.deepEqual(person.told[0]?.buttons, ['Show Report', 'Undo…', 'Save Report…']);
    assert.equal(person.confirmed.at(-1)?.title, 'Bring back 2 objects?');
    assert.deepEqual(person.sentences, ['Deleted 2.', 'Brought back 2.']);
    assert.deepEqual(await judge.keys(bucket), ['a', 'b', 'c']);
  });

  it('opens the form with what the URL says, and resolves anew once it is saved', async () => {
    const bucket = await judge.createBucket({ a: '1' });
    const second = await startFaultProxy({ target: rgw.endpoint });
    const { host } = new URL(second.endpoint);
    try {
      await offer([`s3://${host}/${bucket}/a`], 'Add a Credential', 'Go On');
      const asking = runCommand('deleteByUrl');
      await until('the form', () => tabs().includes('Add Credential'));
      assert.ok(person.picked.at(-1)?.labels.includes(`Add a Credential for the bucket ${bucket} of ${host}…`));
      person.answers.confirm = () => true;
      await parts.credentials.save(s3Credential('Added', { ...rgw, endpoint: second.endpoint }));
      await asking;
      assert.deepEqual(person.sentences, ['Deleted 1.']);
      assert.equal(second.deletions().length, 1);
    } finally {
      await second.stop();
    }
  });

  it('ends what is under way at once when it is cancelled, and counts the rest', async () => {
    const bucket = await judge.createBucket(manyObjects(3));
    proxy.addRule({ when: isDeletion, fault: { kind: 'never-answer' } });
    await offer(Object.keys(manyObjects(3)).map((key) => url(bucket, key)));
    person.answers.confirm = () => true;
    const deleting = runCommand('deleteByUrl');
    await until('the request', () => proxy.deletions().length > 0);
    person.cancelTask();
    await deleting;
    assert.match(person.sentences[0] ?? '', /^Cancelled\. Deleted 0\. Failed: 3\.$/);
  });

  it('takes what was pasted into the input, and the selection alone', async () => {
    const bucket = await judge.createBucket({ a: '1', 'b c': '1', d: '1' });
    person.answers.pick = () => 'Type or Paste…';
    person.answers.ask = () => `  ${url(bucket, 'a')} ${url(bucket, 'b c')}`;
    person.answers.confirm = () => true;
    await runCommand('deleteByUrl');
    assert.deepEqual(await judge.keys(bucket), ['d']);

    await judge.put(bucket, { a: '1' });
    await offer([url(bucket, 'a'), url(bucket, 'd')]);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    editor.selection = new vscode.Selection(1, 0, 1, url(bucket, 'd').length);
    person.answers.pick = () => 'Selected Text';
    await runCommand('deleteByUrl');
    assert.deepEqual(await judge.keys(bucket), ['a']);
  });

  it('shows what the path substitution makes of a URL, and refuses what becomes local', async () => {
    const bucket = await judge.createBucket({ a: '1', b: '1' });
    const settings = vscode.workspace.getConfiguration('storageCredentials');
    const substitute = (rules: unknown) =>
      settings.update('pathSubstitution', rules, vscode.ConfigurationTarget.Global);
    try {
      await substitute([
        { registered_prefix: 's3://registered', local_prefix: `s3://${server}/${bucket}` },
        { registered_prefix: 's3://share', local_prefix: 'file:///mnt/share' },
      ]);
      await offer(['s3://registered/a', 's3://registered-2/b', 's3://share/b'], 'Go On with 1 object…');
      let plan = '';
      person.answers.confirm = () => {
        plan = shown();
        return true;
      };
      await runCommand('deleteByUrl');
      assert.ok(plan.includes(`s3://registered/a (after path substitution: ${url(bucket, 'a')})`), plan);
      assert.match(plan, /a local file, which is never deleted from here: file:\/\/\/mnt\/share\/b/);
      assert.deepEqual(person.sentences, ['Deleted 1. Skipped: unresolved: 2.']);
      assert.deepEqual(await judge.keys(bucket), ['b']);

      await substitute([{ registered_prefix: 's3://registered' }]);
      await offer(['s3://registered/b']);
      await runCommand('deleteByUrl');
      assert.match(
        person.sentences.at(-1) ?? '',
        /^The setting storageCredentials\.pathSubstitution can not be read\./,
      );
      await assert.rejects(async () => settings.update('pathSubstitution', [], vscode.ConfigurationTarget.Workspace));
    } finally {
      await substitute(undefined);
    }
  });

  it('tells which credential owns a URL without asking a server', async () => {
    person.answers.ask = () => url('box', 'k');
    await runCommand('whichCredential');
    person.answers.ask = () => 's3://elsewhere/key';
    await runCommand('whichCredential');
    assert.deepEqual(person.sentences, [
      `Resolved by Research because it is the default for ${server}: ${url('box', 'k')}`,
      'No credential is for the bucket elsewhere of Amazon S3. s3://elsewhere/key',
    ]);
    assert.equal(proxy.requests.length, 0);
  });

  it('copies the URL that leads back to the object', async () => {
    const bucket = await judge.createBucket({ 'a b#c': '1' });
    const [credential] = await parts.tree.credentials();
    assert.ok(credential);
    const row = await entryRow(parts, await entryRow(parts, credential, bucket), 'a b#c');
    await runCommand('copyArtifactUrl', row);
    assert.equal(await vscode.env.clipboard.readText(), url(bucket, 'a b#c'));
  });
});

/** All that stands in the files below a folder. */
function readAll(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.map((file) => readFileSync(path.join(file.parentPath, file.name), 'latin1')).join('\n');
}
