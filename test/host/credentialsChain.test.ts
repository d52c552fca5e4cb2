import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Parts } from '../../src/commands/parts.ts';
import type { CredentialNode } from '../../src/tree/nodes.ts';
import { addRow, cleanUp, labelsBelow, runCommand, startExtension } from './support/extension.ts';
import { Person } from './support/person.ts';
import { describeWithRgw, Judge } from './support/servers.ts';

describeWithRgw('the credentials chain', (rgw) => {
  const judge = new Judge(rgw);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'chain-'));
  const marker = path.join(folder, 'was-run');
  const printed = { Version: 1, AccessKeyId: rgw.accessKeyId, SecretAccessKey: rgw.secretAccessKey };
  const names = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_EC2_METADATA_DISABLED'] as const;
  const earlier = names.map((name) => process.env[name]);
  let parts: Parts;
  let person: Person;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    const keys = `aws_access_key_id = ${rgw.accessKeyId}\naws_secret_access_key = ${rgw.secretAccessKey}\n`;
    writeFileSync(path.join(folder, 'credentials'), `[static]\n${keys}`);
    writeFileSync(path.join(folder, 'printed.json'), JSON.stringify(printed));
    const program = `sh -c 'touch ${marker} && cat ${folder}/printed.json'`;
    writeFileSync(path.join(folder, 'config'), `[profile tool]\ncredential_process = ${program}\n`);
    process.env.AWS_CONFIG_FILE = path.join(folder, 'config');
    process.env.AWS_SHARED_CREDENTIALS_FILE = path.join(folder, 'credentials');
    process.env.AWS_EC2_METADATA_DISABLED = 'true';
  });

  beforeEach(() => {
    person = new Person(parts);
  });

  afterEach(async () => {
    person.leave();
    await cleanUp(parts);
  });

  after(() => {
    for (const [index, name] of names.entries()) {
      const value = earlier[index];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(folder, { recursive: true });
  });

  function addChain(profile: string): Promise<CredentialNode> {
    const settings = { service: 'ceph', endpoint: rgw.endpoint, pathStyle: true, credentialsChain: true, profile };
    return addRow(parts, { provider: 's3', name: 'Chain', settings, secrets: {}, keep: [] });
  }

  it('lists with the keys of a profile, and keeps none of them', async () => {
    const bucket = await judge.createBucket();
    const row = await addChain('static');
    assert.ok((await labelsBelow(parts, row)).includes(bucket));
    await runCommand('verifyCredential', row);
    const signIn = parts.verifications.of(row.record)?.steps.find(({ stage }) => stage === 'sign-in');
    assert.equal(signIn?.sentence, 'Signed in with: profile static, shared files');
    assert.equal(readFileSync(parts.store.fileOf(row.id), 'utf8').includes(rgw.secretAccessKey), false);
    assert.deepEqual(row.record.secretNames, []);
    assert.equal(parts.redactor.redact(`It is ${rgw.secretAccessKey}.`), 'It is •••.');
  });

  it('runs a program only when the person allows it', async () => {
    const row = await addChain('tool');
    const [refused] = await parts.tree.getChildren(row);
    assert.match(String(refused && parts.tree.getTreeItem(refused).label), /may not be run: tool$/);
    assert.equal(existsSync(marker), false);
    assert.equal(person.confirmed.length, 1);
    assert.match(person.confirmed[0]?.title ?? '', /^Run this program to get keys: sh -c 'touch /);
  });

  it('asks once for a program that is allowed', async () => {
    writeFileSync(
      path.join(folder, 'config'),
      `[profile other]\ncredential_process = sh -c 'touch ${marker}; cat ${folder}/printed.json'\n`,
    );
    person.answers.confirm = () => true;
    const bucket = await judge.createBucket();
    const row = await addChain('other');
    assert.ok((await labelsBelow(parts, row)).includes(bucket));
    assert.equal(existsSync(marker), true);
    parts.sessions.retire();
    parts.tree.refresh(row);
    assert.ok((await labelsBelow(parts, row)).includes(bucket));
    assert.equal(person.confirmed.length, 1);
  });
});
