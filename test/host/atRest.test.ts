import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { type MemoryS3, startMemoryS3 } from '../../demo/s3Server.ts';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode, Node } from '../../src/tree/nodes.ts';
import { portOf } from '../servers/serverProcess.ts';
import {
  addRow,
  cleanUp,
  contributions,
  extensionFolder,
  runCommand,
  s3Credential,
  startExtension,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { Canaries } from './support/secretSearch.ts';
import { describeWithRgw } from './support/servers.ts';

/** What opens a form: a tab each time. */
const formCommands = ['addCredential', 'editCredential', 'enterSecretAgain', 'duplicateCredential'];

describeWithRgw('thirty secrets', (rgw) => {
  const canaries = new Canaries();
  const started = Date.now();
  const returned: unknown[] = [];
  let parts: Parts;
  let person: Person;
  let server: MemoryS3;
  let parrot: http.Server;
  let dataFolder: string;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    dataFolder = path.resolve(parts.storage, '../../..');
    person = new Person(parts);
    const known = Array.from({ length: 5 }, (_, n) => keys(`KNOWN${n}`));
    server = await startMemoryS3({ credentials: known, undeletable: ['box/kept'] });
    for (const key of ['a', 'b', 'in/c', 'kept/d']) server.put('box', key, Buffer.from('x'));
    parrot = await startParrot();
    const parroting = `http://127.0.0.1:${portOf(parrot.address())}`;
    const edits = [
      ...known.map((access) => ({ ...access, endpoint: server.endpoint })),
      ...['W1', 'W2'].map((id) => ({
        ...keys(id),
        accessKeyId: known[0]?.accessKeyId ?? '',
        endpoint: server.endpoint,
      })),
      ...['P1', 'P2', 'P3'].map((id) => ({ ...keys(id), endpoint: parroting })),
      ...['R1', 'R2'].map((id) => ({ ...keys(id), endpoint: rgw.endpoint })),
      { ...keys('T1'), endpoint: rgw.endpoint.replace('http:', 'https:') },
      { ...keys('U1'), endpoint: rgw.tlsEndpoint },
      { ...keys('N1'), endpoint: 'http://127.0.0.1:9' },
    ];
    assert.equal(edits.length, 15);
    for (const [n, { sessionToken, ...access }] of edits.entries()) {
      await addRow(parts, s3Credential(`Credential ${n}`, access, { sessionToken }));
    }
  });

  after(async () => {
    person.leave();
    await cleanUp(parts);
    await server.stop();
    parrot.closeAllConnections();
    parrot.close();
  });

  function keys(id: string) {
    return { accessKeyId: `${id}KEY0000000000`, secretAccessKey: canaries.make(), sessionToken: canaries.make() };
  }

  it('do not come back from any command that is closed where it asks', async function () {
    this.timeout(300_000);
    const [first, ...others] = await parts.tree.credentials();
    for (const node of [undefined, first]) await runEveryCommand(node);
    for (const node of others) await runEveryCommand(node, formCommands);
  });

  it('do not come back from any command that is answered, whether it works or fails', async function () {
    this.timeout(300_000);
    person.answers = {
      confirm: () => true,
      ask: ({ prompt, value }) => prompt.match(/type: (.*)$/)?.[1] ?? value ?? 'box/in',
      pick: (_, [option]) => option?.label,
      notify: (_, buttons) => buttons.find((button) => ['Details', 'Show Report', 'Show Log'].includes(button)),
    };
    const [first, ...others] = await parts.tree.credentials();
    assert.ok(first);
    // Answered, these change or remove what the others need: they come last.
    const except = ['enterNewKeys', 'removeCredential', ...formCommands];
    for (const row of await rowsBelow(first)) await runEveryCommand(row, except);
    for (const credential of others) {
      await parts.opened.open(credential.id, { kind: 'container', id: 'box' });
      const [box] = await parts.tree.getChildren(credential);
      for (const node of [credential, box]) await runEveryCommand(node, except);
    }
    for (const name of [...formCommands, 'enterNewKeys', 'removeCredential']) {
      returned.push(await runCommand(name, first));
    }
    assert.ok(
      person.sentences.some((sentence) => sentence.startsWith('Deleted 3. Denied: 1.')),
      person.sentences.join('\n'),
    );
    assert.equal(
      person.told.some(({ kind }) => kind === 'error'),
      true,
    );
  });

  it('are in nothing that was returned, shown, copied or opened', async () => {
    assert.ok(returned.length > 15 * formCommands.length);
    assert.deepEqual(new Set(returned), new Set([undefined]));
    assert.ok(person.everything.includes('Verification'));
    assert.ok(!canaries.areIn(person.everything), 'Something shown holds a secret');
    assert.ok(!canaries.areIn(await vscode.env.clipboard.readText()), 'The clipboard holds a secret');
    const texts = vscode.workspace.textDocuments.map((document) => document.getText());
    assert.ok(!canaries.areIn(texts.join('\n')), 'A document holds a secret');
    const settings = JSON.stringify(vscode.workspace.getConfiguration());
    assert.ok(!canaries.areIn(settings), 'The settings hold a secret');
  });

  it('are in no file: settings, state, records, reports, logs, temporary files', async () => {
    parts.log.info('The search begins.');
    await until('the log to be written', async () => (await logText()).includes('The search begins.'));
    assert.match(await logText(), /Credential 8/);
    assert.deepEqual(await canaries.search(dataFolder), []);
    assert.deepEqual(await canaries.search(os.tmpdir(), started), []);
    assert.deepEqual(await canaries.search(extensionFolder(), started, new Set(['node_modules', '.git'])), []);
  });

  it('would have been found', async () => {
    const canary = canaries.make();
    const writings = [
      canary,
      encodeURIComponent(canary),
      JSON.stringify({ canary }),
      ...['', '.', '..'].map((before) => Buffer.from(`${before}${canary}`).toString('base64')),
      Buffer.from(canary).toString('hex'),
      Buffer.from(canary, 'utf16le'),
      canary.slice(0, 30),
    ];
    const decoy = path.join(parts.storage, 'decoy');
    for (const writing of writings) {
      writeFileSync(decoy, writing);
      assert.deepEqual(await canaries.search(dataFolder), [decoy]);
    }
    rmSync(decoy);
  });

  async function runEveryCommand(node: Node | undefined, except: readonly string[] = []): Promise<void> {
    for (const { command } of contributions().commands) {
      const name = command.replace('storageCredentials.', '');
      if (!except.includes(name)) returned.push(await runCommand(name, ...(node ? [node] : [])));
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  }

  async function rowsBelow(credential: CredentialNode): Promise<readonly Node[]> {
    const containers = await parts.tree.getChildren(credential);
    const below = await Promise.all(containers.map((node) => parts.tree.getChildren(node)));
    return [...containers, ...below.flat()];
  }

  async function logText(): Promise<string> {
    const files = await readdir(path.join(dataFolder, 'logs'), { recursive: true });
    const logs = files.filter((file) => /Storage Credentials\.log$/.test(file));
    const texts = await Promise.all(logs.map((file) => readFile(path.join(dataFolder, 'logs', file), 'utf8')));
    return texts.join('\n');
  }
});

/** A server that gives back in its refusal whatever it was sent, as a badly made proxy might. */
async function startParrot(): Promise<http.Server> {
  const parrot = http.createServer((request, response) => {
    const heard = JSON.stringify(request.rawHeaders).replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
    response.writeHead(400, { 'content-type': 'application/xml' });
    response.end(`<Error><Code>Parrot</Code><Message>${heard}</Message></Error>`);
  });
  await new Promise<void>((resolve) => parrot.listen(0, '127.0.0.1', resolve));
  return parrot;
}
