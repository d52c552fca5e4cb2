import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { type MemoryS3, startMemoryS3 } from '../../demo/s3Server.ts';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../servers/faultProxy.ts';
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
  tabs,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { manyObjects } from './support/servers.ts';

const forbidden: Fault = { kind: 'status', status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };

describe('the palette', () => {
  let parts: Parts;
  let person: Person;
  let server: MemoryS3;
  let proxy: FaultProxy;
  let research: CredentialNode;
  let view: Parts['view'];

  before(async () => {
    parts = await startExtension();
    view = parts.view;
    await cleanUp(parts);
    server = await startMemoryS3({ credentials: [nowhere] });
    proxy = await startFaultProxy({ target: server.endpoint });
  });

  beforeEach(async () => {
    for (const key of ['notes.txt', 'in/deep/a', 'in/b']) server.put('box', key, Buffer.from(key));
    proxy.reset();
    person = new Person(parts);
    research = await addRow(parts, s3Credential('Research', { ...nowhere, endpoint: proxy.endpoint }));
    await addRow(parts, s3Credential('Backup', nowhere));
    // As when another view is in front: no row says what is meant.
    Object.assign(parts, { view: { visible: false, selection: [], reveal: view.reveal } });
  });

  afterEach(async () => {
    Object.assign(parts, { view });
    person.leave();
    await cleanUp(parts);
  });

  after(async () => {
    await proxy.stop();
    await server.stop();
  });

  /** Chooses these rows one after the other, then closes what is asked. */
  function choose(...labels: readonly string[]): void {
    const waiting = [...labels];
    person.answers.pick = () => waiting.shift();
  }

  const cases: Readonly<Record<string, () => Promise<void>>> = {
    async addCredential() {
      await runCommand('addCredential');
      await until('the form', () => tabs().includes('Add Credential'));
    },
    async editCredential() {
      choose('Research');
      await runCommand('editCredential');
      await until('the form', () => tabs().includes('Research'));
    },
    async duplicateCredential() {
      choose('Research');
      await runCommand('duplicateCredential');
      await until('the form', () => tabs().includes('Research (2)'));
    },
    async removeCredential() {
      choose('Backup');
      person.answers.confirm = () => true;
      await runCommand('removeCredential');
      assert.deepEqual(
        (await parts.tree.credentials()).map(({ record }) => record.name),
        ['Research'],
      );
    },
    async enterSecretAgain() {
      choose('Research');
      await runCommand('enterSecretAgain');
      await until('the form', () => tabs().includes('Research'));
    },
    async enterNewKeys() {
      choose('Research');
      await runCommand('enterNewKeys');
      assert.deepEqual(
        person.asked.map(({ title, password }) => [title, password ?? false]),
        [['Enter New Keys (1 of 3): Research', false]],
      );
    },
    async verifyCredential() {
      choose('Research');
      await runCommand('verifyCredential');
      assert.deepEqual(person.sentences, ['Research: The credentials are valid. Buckets found: 1.']);
      assert.equal(parts.verifications.of(research.record)?.works, true);
    },
    async verifyAll() {
      await runCommand('verifyAll');
      assert.deepEqual(person.sentences, ['Verified 1. Failed: 1.']);
    },
    async refresh() {
      await labelsBelow(parts, research);
      server.put('later', 'a', Buffer.from('x'));
      assert.deepEqual(await labelsBelow(parts, research), ['box']);
      await runCommand('refresh');
      assert.deepEqual(await labelsBelow(parts, research), ['box', 'later']);
    },
    async filterByPrefix() {
      choose('Research', 'box/', 'This bucket: box');
      person.answers.ask = () => 'n';
      await runCommand('filterByPrefix');
      assert.deepEqual(await labelsBelow(parts, await entryRow(parts, research, 'box')), ['notes.txt']);
    },
    async clearFilter() {
      const box = await entryRow(parts, research, 'box');
      box.filter = 'n';
      choose('Research', 'box/', 'This bucket: box');
      await runCommand('clearFilter');
      assert.deepEqual(await labelsBelow(parts, box), ['in', 'notes.txt']);
    },
    async openPath() {
      choose('Research');
      person.answers.ask = () => 'box/in';
      await runCommand('openPath');
      assert.deepEqual(
        parts.opened.of(research.id).map(({ path }) => path),
        ['box/in/'],
      );
    },
    async closePath() {
      await parts.opened.open(research.id, { kind: 'container', id: 'elsewhere' });
      choose('elsewhere');
      await runCommand('closePath');
      assert.deepEqual(parts.opened.of(research.id), []);
    },
    async openObject() {
      choose('Research', 'box/', 'in/', '..', 'notes.txt');
      await runCommand('openObject');
      await until('the object', () => tabs().includes('notes.txt'));
    },
    async copyPath() {
      choose('Research', 'box/', 'in/', 'b');
      await runCommand('copyPath');
      assert.equal(await vscode.env.clipboard.readText(), 'box/in/b');
    },
    async copyUrl() {
      choose('Research', 'box/', 'in/', 'This folder: box/in/');
      await runCommand('copyUrl');
      assert.equal(await vscode.env.clipboard.readText(), 's3://box/in/');
    },
    async copyArtifactUrl() {
      choose('Research', 'box/', 'in/', 'b');
      await runCommand('copyArtifactUrl');
      assert.equal(await vscode.env.clipboard.readText(), `s3://${new URL(proxy.endpoint).host}/box/in/b`);
    },
    async deleteByUrl() {
      choose('Type or Paste…');
      person.answers.ask = () => `s3://${new URL(proxy.endpoint).host}/box/in/b`;
      person.answers.confirm = () => true;
      await runCommand('deleteByUrl');
      assert.deepEqual(person.sentences, ['Deleted 1.']);
      assert.equal(server.countObjects('box'), 2);
    },
    async whichCredential() {
      person.answers.ask = () => `s3://${new URL(proxy.endpoint).host}/box/in/b`;
      await runCommand('whichCredential');
      assert.match(person.sentences[0] ?? '', /^Resolved by Research because /);
    },
    async shareLink() {
      choose('Research', 'box/', 'in/', 'b', '1 hour');
      await runCommand('shareLink');
      assert.match(await vscode.env.clipboard.readText(), /^http.*\/box\/in\/b\?.*X-Amz-Expires=3600/);
    },
    async showProperties() {
      choose('Research', 'box/', 'in/', 'b');
      await runCommand('showProperties');
      await until('the properties', () => tabs().includes('b Properties.txt'));
    },
    async createContainer() {
      choose('Research', 'Create Bucket');
      person.answers.ask = () => 'from-the-palette';
      proxy.addRule({ when: ({ method }) => method === 'PUT', fault: { kind: 'status', status: 200, body: '' } });
      await runCommand('createContainer');
      assert.deepEqual(person.sentences, ['Created the bucket: from-the-palette']);
    },
    async deleteContainer() {
      choose('Research', 'box/', 'This bucket: box');
      person.answers.confirm = ({ button }) => button === 'Delete Bucket';
      proxy.addRule({ when: ({ method }) => method === 'DELETE', fault: { kind: 'status', status: 204, body: '' } });
      await runCommand('deleteContainer');
      assert.deepEqual(person.sentences, ['Deleted the bucket: box']);
    },
    async delete() {
      choose('Research', 'box/', 'in/', 'This folder: box/in/');
      person.answers.confirm = () => true;
      await runCommand('delete');
      assert.equal(person.confirmed[0]?.title, 'Delete 2 objects?');
      assert.deepEqual(person.sentences, ['Deleted 2.']);
      assert.equal(server.countObjects('box'), 1);
    },
    async previewDeletion() {
      const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'preview-')), 'plan.csv');
      person.answers.chooseTarget = async () => vscode.Uri.file(file);
      choose('Research', 'box/', 'in/', 'This folder: box/in/');
      await runCommand('previewDeletion');
      assert.deepEqual(person.sentences, [`Nothing was deleted. Written to ${file}: 2 entries`]);
      assert.match(
        readFileSync(file, 'utf8'),
        /^kind,container,id,version,bytes,tag\r\nobject,box,in\/b,,4,.*\r\nobject,box,in\/deep\/a,/,
      );
      assert.equal(proxy.deletions().length, 0);
      rmSync(path.dirname(file), { recursive: true });
    },
    async copyLifecycleRule() {
      choose('Research', 'box/', 'in/', 'This folder: box/in/', 'What Is Current');
      await runCommand('copyLifecycleRule');
      assert.match(person.sentences[0] ?? '', /^Copied the lifecycle rule\./);
      assert.match(await vscode.env.clipboard.readText(), /"Prefix": "in\/"/);
    },
    async applyLifecycleRule() {
      choose('Research', 'box/', 'in/', 'This folder: box/in/', 'What Is Current');
      await runCommand('applyLifecycleRule');
      assert.match(person.confirmed[0]?.title ?? '', /^Let .+ delete: box\/in\/?$/);
      assert.deepEqual(person.sentences, []);
      assert.ok(!proxy.requests.some(({ method }) => method === 'PUT'));
    },
    async removeLifecycleRule() {
      choose('Research', 'box/', 'in/', 'This folder: box/in/');
      await runCommand('removeLifecycleRule');
      assert.deepEqual(person.sentences, ['There is no lifecycle rule that was applied here: box/in/']);
    },
    async deleteAllVersions() {
      choose('Research', 'box/', 'in/', 'This folder: box/in/');
      person.answers.confirm = () => true;
      await runCommand('deleteAllVersions');
      assert.equal(person.confirmed[0]?.title, 'Delete 2 versions?');
      assert.deepEqual(person.sentences, ['Deleted 2.']);
      assert.equal(server.countObjects('box'), 1);
    },
    async showVersions() {
      choose('Research', 'box/', 'This bucket: box');
      await runCommand('showVersions');
      assert.ok((await entryRow(parts, research, 'box')).versions);
    },
    async hideVersions() {
      (await entryRow(parts, research, 'box')).versions = true;
      choose('Research', 'box/', 'This bucket: box');
      await runCommand('hideVersions');
      assert.ok(!(await entryRow(parts, research, 'box')).versions);
    },
    async undelete() {
      await runCommand('undelete');
      assert.match(person.sentences[0] ?? '', /^No delete marker is selected\./);
    },
    async showLog() {
      await runCommand('showLog');
    },
  };

  for (const [name, run] of Object.entries(cases)) {
    it(`asks what a click would have said: ${name}`, async () => {
      await run();
      assert.deepEqual(
        person.sentences.filter((sentence) => /unexpected/i.test(sentence)),
        [],
      );
    });
  }

  it('is tested with every command that it offers', () => {
    const { commands, menus } = contributions();
    const hidden = menus.commandPalette.filter(({ when }) => when === 'false').map(({ command }) => command);
    // Those of the view of removals are tried beside it.
    const offered = commands
      .map(({ command }) => command)
      .filter((command) => !hidden.includes(command) && !/Removals?(Report)?$/.test(command));
    assert.deepEqual(
      Object.keys(cases)
        .map((name) => `storageCredentials.${name}`)
        .sort(),
      offered.sort(),
    );
  });

  it('deletes nothing when closed at any step', async () => {
    const steps = ['Research', 'box/', 'in/', 'This folder: box/in/'];
    person.answers.ask = () => 'never asked';
    for (let said = 0; said <= steps.length; said++) {
      choose(...steps.slice(0, said));
      await runCommand('delete');
    }
    assert.equal(person.confirmed.length, 1);
    assert.deepEqual(person.sentences, []);
    assert.equal(proxy.deletions().length, 0);
  });

  it('reaches what was opened by its path with keys that may not list', async () => {
    proxy.addRule({
      when: ({ target }) => /^\/(\?|$)/.test(target),
      fault: forbidden,
    });
    choose('Research');
    await runCommand('copyPath');
    assert.match(person.sentences[0] ?? '', /^These credentials may not do this/);

    await parts.opened.open(research.id, { kind: 'container', id: 'box' });
    choose('Research', 'box/', 'notes.txt');
    await runCommand('copyPath');
    assert.equal(await vscode.env.clipboard.readText(), 'box/notes.txt');
  });

  it('loads further pages, and says when one fails', async () => {
    for (const key of Object.keys(manyObjects(1001))) server.put('long', key, Buffer.from('x'));
    choose('Research', 'long/', 'Load More…', 'object-01000');
    await runCommand('copyPath');
    assert.equal(await vscode.env.clipboard.readText(), 'long/object-01000');

    await runCommand('refresh');
    choose('Research', 'long/', 'Load More…');
    failFrom('long');
    await runCommand('copyPath');
    assert.equal(person.sentences.length, 1);
  });

  /** Refuses everything once this place is shown. */
  function failFrom(place: string): void {
    const { pick } = person.answers;
    person.answers.pick = (title, options) => {
      if (title.endsWith(place)) proxy.addRule({ when: () => true, fault: forbidden });
      return pick?.(title, options);
    };
  }

  it('filters where there are more than it can show', async () => {
    for (const key of Object.keys(manyObjects(5001))) server.put('longest', key, Buffer.from('x'));
    const pages = ['Load More…', 'Load More…', 'Load More…', 'Load More…'];
    choose('Research', 'longest/', ...pages, 'Filter by Prefix…', 'object-05000');
    person.answers.ask = () => 'object-05';
    await runCommand('copyPath');
    assert.equal(await vscode.env.clipboard.readText(), 'longest/object-05000');
    assert.equal(person.picked.at(-1)?.labels.length, 3);
  });

  it('leads to the first credential when there is none', async () => {
    await cleanUp(parts);
    const asking = Object.keys(cases).filter(
      (name) => !['addCredential', 'refresh', 'showLog', 'closePath', 'undelete'].includes(name),
    );
    for (const name of asking) await runCommand(name);
    assert.deepEqual(
      person.told,
      asking.map(() => ({ kind: 'info', sentence: 'No Cloud Credentials configured', buttons: ['Add Credential'] })),
    );
    person.answers.notify = () => 'Add Credential';
    await runCommand('delete');
    await until('the form', () => tabs().includes('Add Credential'));
  });

  it('is told nothing by any command: what they do is all that comes of them', async () => {
    for (const name of Object.keys(cases)) {
      choose('Research', 'box/', 'notes.txt');
      assert.equal(await runCommand(name), undefined, name);
    }
  });
});
