import assert from 'node:assert/strict';
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import * as vscode from 'vscode';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import { type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
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

describeWithRgw('buckets, links, properties and all verifications', (rgw) => {
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
  });

  after(() => proxy.stop());

  async function exists(Bucket: string): Promise<boolean> {
    return await judge.client.send(new HeadBucketCommand({ Bucket })).then(
      () => true,
      () => false,
    );
  }

  function choose(...labels: readonly string[]): void {
    const waiting = [...labels];
    person.answers.pick = () => waiting.shift();
  }

  async function rowsIn(objects: Readonly<Record<string, string>>) {
    const bucket = await judge.createBucket(objects);
    parts.tree.refresh(credential);
    return { bucket, row: await entryRow(parts, credential, bucket) };
  }

  function editorText(): string {
    return vscode.window.activeTextEditor?.document.getText() ?? '';
  }

  describe('creating a bucket', () => {
    it('asks for its name and offers what can be said', async () => {
      const name = `host-made-${Date.now().toString(36)}`;
      const refused: (string | undefined)[] = [];
      person.answers.ask = ({ title, refuse }) => {
        assert.equal(title, 'Create Bucket in: Research');
        refused.push(refuse?.('No Name'), refuse?.(name));
        return ` ${name} `;
      };
      choose('Versioning: off', 'Create Bucket');
      await runCommand('createContainer', credential);
      assert.match(refused[0] ?? '', /lower-case/);
      assert.equal(refused[1], undefined);
      assert.deepEqual(person.picked[1]?.labels, [
        'Create Bucket',
        'Region: default',
        'Object Lock: off',
        'Versioning: on',
      ]);
      assert.deepEqual(person.sentences, [`Created the bucket: ${name}`]);
      const { Status } = await judge.client.send(new GetBucketVersioningCommand({ Bucket: name }));
      assert.equal(Status, 'Enabled');
      await entryRow(parts, credential, name);
      await judge.client.send(new DeleteBucketCommand({ Bucket: name }));
    });

    it('sends nothing when closed at any step', async () => {
      await runCommand('createContainer', credential);
      person.answers.ask = () => 'never-made';
      await runCommand('createContainer', credential);
      assert.deepEqual(proxy.requests, []);
      assert.deepEqual(person.told, []);
    });

    it('takes none that exists', async () => {
      const { bucket } = await rowsIn({});
      person.answers.ask = () => bucket;
      choose('Create Bucket');
      await runCommand('createContainer', credential);
      assert.match(person.sentences[0] ?? '', /^This bucket exists already/);
      await judge.client.send(new DeleteBucketCommand({ Bucket: bucket }));
    });
  });

  describe('deleting a bucket', () => {
    it('asks once for an empty one and takes its row away', async () => {
      const { bucket, row } = await rowsIn({});
      person.answers.confirm = () => true;
      await runCommand('deleteContainer', row);
      assert.deepEqual(
        person.confirmed.map(({ title, button }) => [title, button]),
        [[`Delete the bucket if it is empty: ${bucket}`, 'Delete Bucket']],
      );
      assert.deepEqual(person.sentences, [`Deleted the bucket: ${bucket}`]);
      assert.equal(await exists(bucket), false);
      await assert.rejects(entryRow(parts, credential, bucket));
    });

    it('sends nothing when it is not confirmed', async () => {
      const { bucket, row } = await rowsIn({});
      await runCommand('deleteContainer', row);
      assert.equal(person.confirmed.length, 1);
      assert.deepEqual(proxy.deletions(), []);
      await judge.client.send(new DeleteBucketCommand({ Bucket: bucket }));
    });

    it('offers to delete everything in it first, each with its own question', async () => {
      const { bucket, row } = await rowsIn({ a: '1', 'b/c': '2' });
      person.answers.confirm = () => true;
      person.answers.ask = () => bucket;
      await runCommand('deleteContainer', row);
      assert.deepEqual(
        person.confirmed.map(({ button }) => button),
        ['Delete Bucket', 'Delete Everything in Bucket…', 'Continue…', 'Delete Bucket'],
      );
      assert.deepEqual(person.sentences, ['Deleted 2.', `Deleted the bucket: ${bucket}`]);
      assert.equal(await exists(bucket), false);
    });

    it('keeps bucket and content when that is declined at any step', async () => {
      const { bucket, row } = await rowsIn({ a: '1' });
      for (const agreed of [1, 2]) {
        let asked = 0;
        person.answers.confirm = () => ++asked <= agreed;
        await runCommand('deleteContainer', row);
        assert.equal(asked, agreed + 1);
      }
      assert.deepEqual(await judge.keys(bucket), ['a']);
      assert.deepEqual(person.sentences, []);
    });

    it('empties it of versions and markers too', async () => {
      const { bucket: Bucket, row } = await rowsIn({});
      const VersioningConfiguration = { Status: 'Enabled' } as const;
      await judge.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      await judge.client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
      await judge.client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
      person.answers.confirm = () => true;
      person.answers.ask = () => Bucket;
      await runCommand('deleteContainer', row);
      assert.deepEqual(person.sentences, ['Deleted 2.', `Deleted the bucket: ${Bucket}`]);
      assert.equal(await exists(Bucket), false);
    });
  });

  describe('a link', () => {
    it('is copied for as long as chosen, and neither shown nor logged', async () => {
      const { row } = await rowsIn({ 'odd & name?.txt': 'shared' });
      choose('1 hour');
      await runCommand('shareLink', await entryRow(parts, row, 'odd & name?.txt'));
      const url = await vscode.env.clipboard.readText();
      assert.equal(await (await fetch(url)).text(), 'shared');
      assert.match(person.sentences[0] ?? '', /^Copied\. Works until .*\d/);
      assert.deepEqual(person.picked[0]?.labels, ['15 minutes', '1 hour', '1 day', '7 days', 'Other…']);
      const signature = new URL(url).searchParams.get('X-Amz-Signature') ?? '';
      assert.equal(signature.length, 64);
      assert.ok(!person.everything.includes(signature));
    });

    it('lives as long as was typed, within the limit', async () => {
      const { row } = await rowsIn({ a: 'x' });
      choose('Other…');
      const refused: (string | undefined)[] = [];
      person.answers.ask = ({ refuse }) => {
        refused.push(...['soon', '8 days', '7 days'].map((text) => refuse?.(text)));
        return '36 hours';
      };
      await runCommand('shareLink', await entryRow(parts, row, 'a'));
      assert.match(refused[0] ?? '', /number and a unit/);
      assert.equal(refused[1], 'The longest is: 7 days');
      assert.equal(refused[2], undefined);
      const url = new URL(await vscode.env.clipboard.readText());
      assert.equal(url.searchParams.get('X-Amz-Expires'), String(36 * 3600));
    });

    it('is not made for a name that browsers would change', async () => {
      const { row } = await rowsIn({ '..': 'x' });
      await vscode.env.clipboard.writeText('as before');
      choose('1 hour');
      await runCommand('shareLink', await entryRow(parts, row, '..'));
      assert.match(person.sentences[0] ?? '', /^A browser would ask for another object/);
      assert.equal(await vscode.env.clipboard.readText(), 'as before');
    });
  });

  describe('properties', () => {
    it('are a read-only document, also of an odd name', async () => {
      const name = '..\u202eexe.txt';
      const { bucket, row } = await rowsIn({ [name]: 'content' });
      await runCommand('showProperties', await entryRow(parts, row, name));
      await until('the properties', () => editorText().includes('Storage class'));
      assert.ok(editorText().startsWith(`${bucket}/..\\u202eexe.txt\nCredential: Research\n`), editorText());
      assert.match(editorText(), /^ {2}Size +7 bytes$/m);
      assert.deepEqual(tabs(), ['..\\u202eexe.txt Properties.txt'.replace('\\', '_')]);
      const document = vscode.window.activeTextEditor?.document;
      assert.equal(document?.isUntitled, false);
      assert.equal(document && vscode.workspace.fs.isWritableFileSystem(document.uri.scheme), undefined);
    });

    it('are read again into the same document', async () => {
      const { bucket, row } = await rowsIn({ a: '1' });
      const object = await entryRow(parts, row, 'a');
      await runCommand('showProperties', object);
      await until('the properties', () => /Size +1 byte\n/.test(editorText()));
      await judge.put(bucket, { a: '22' });
      await runCommand('showProperties', object);
      await until('the new properties', () => /Size +2 bytes\n/.test(editorText()));
      assert.equal(tabs().length, 1);
    });

    it('of a bucket say what it keeps', async () => {
      const { row } = await rowsIn({});
      await runCommand('showProperties', row);
      await until('the properties', () => /Versioning +off\n/.test(editorText()));
      assert.match(editorText(), /Object Lock +none\n/);
    });

    it('of what is gone are said to be so', async () => {
      const { bucket, row } = await rowsIn({ a: '1' });
      const object = await entryRow(parts, row, 'a');
      await judge.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'a' }));
      await runCommand('showProperties', object);
      assert.match(person.sentences[0] ?? '', /^This is not there: a|^There is no such object: a/);
      assert.deepEqual(tabs(), []);
    });
  });

  describe('verifying all', () => {
    it('keeps each result on its row and leads to what failed', async () => {
      await addRow(parts, s3Credential('Nowhere', nowhere));
      for (const n of [1, 2, 3, 4]) {
        await addRow(parts, s3Credential(`Also ${n}`, { ...rgw, endpoint: proxy.endpoint }));
      }
      person.answers.notify = (_, buttons) => buttons[0];
      choose('Nowhere');
      await runCommand('verifyAll');
      assert.deepEqual(person.told[0], {
        kind: 'warning',
        sentence: 'Verified 5. Failed: 1.',
        buttons: ['Show Failures'],
      });
      assert.equal(person.tasks.length, 1);
      const rows = await parts.tree.credentials();
      const works = rows.map(({ record }) => [record.name, parts.verifications.of(record)?.works]);
      assert.deepEqual(works.sort(), [
        ...[1, 2, 3, 4].map((n) => [`Also ${n}`, true]),
        ['Nowhere', false],
        ['Research', true],
      ]);
      await until('the form', () => tabs().includes('Nowhere'));
      assert.deepEqual(person.picked[0]?.labels, ['Nowhere']);
    });

    it('keeps what was done when cancelled', async () => {
      for (const n of [1, 2, 3, 4, 5])
        await addRow(parts, s3Credential(`Silent ${n}`, { ...rgw, endpoint: proxy.endpoint }));
      let listed = 0;
      proxy.addRule({ when: ({ method }) => method === 'GET' && ++listed > 1, fault: { kind: 'never-answer' } });
      person.answers.progress = (_, sentence) => {
        if (sentence.startsWith('1 of 6')) person.cancelTask();
      };
      await runCommand('verifyAll');
      assert.deepEqual(person.sentences, ['Verified 1. Not verified: 5.']);
    });
  });
});
