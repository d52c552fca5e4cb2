import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigurationTarget, workspace } from 'vscode';
import type { Parts } from '../../src/commands/parts.ts';
import {
  addRow,
  cleanUp,
  labelsBelow,
  nowhere,
  runCommand,
  s3Credential,
  startExtension,
  until,
} from './support/extension.ts';
import { Person } from './support/person.ts';
import { type CountingServer, startCountingServer } from './support/servers.ts';

/** A name that no one can resolve: only a proxy could be asked for it. */
const endpoint = 'http://storage.invalid:9000';

describe('the settings of an opened folder', () => {
  let parts: Parts;
  let person: Person;
  let proxy: CountingServer;
  const folder = path.join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', '.vscode');

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    proxy = await startCountingServer();
  });

  beforeEach(() => {
    person = new Person(parts);
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
    await workspace.getConfiguration('http').update('proxy', undefined, ConfigurationTarget.Global);
    rmSync(folder, { recursive: true, force: true });
  });

  after(() => proxy[Symbol.asyncDispose]());

  it('bring no credential and send no request anywhere', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(hostile(proxy.endpoint)));
    await until('the settings to be read', () => workspace.getConfiguration().get('hostile.marker') === 'read');
    assert.deepEqual(await labelsBelow(parts), []);

    const row = await addRow(parts, s3Credential('Research', { ...nowhere, endpoint }));
    assert.deepEqual(parts.network.proxyFor(new URL(endpoint)), undefined);
    await labelsBelow(parts, row);
    await runCommand('verifyCredential', row);
    assert.equal(person.told[0]?.kind, 'error');
    assert.equal(proxy.connections, 0);
  });

  it('are not needed for a proxy: the one in the settings of the person is used', async () => {
    await workspace.getConfiguration('http').update('proxy', proxy.endpoint, ConfigurationTarget.Global);
    const row = await addRow(parts, s3Credential('Research', { ...nowhere, endpoint }));
    assert.equal(parts.network.proxyFor(new URL(endpoint))?.origin, proxy.endpoint);
    await labelsBelow(parts, row);
    assert.ok(proxy.connections > 0);
  });
});

function hostile(server: string): Readonly<Record<string, unknown>> {
  return {
    'hostile.marker': 'read',
    'http.proxy': server,
    'http.proxySupport': 'override',
    'http.proxyStrictSSL': false,
    'storageCredentials.endpoint': server,
    'storageCredentials.credentials': [s3Credential('Planted', { ...nowhere, endpoint: server })],
  };
}
