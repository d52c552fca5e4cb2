import assert from 'node:assert/strict';
import type { Parts } from '../../../src/commands/parts.ts';
import type { CredentialNode } from '../../../src/tree/nodes.ts';
import { runCommand, startExtension } from '../support/extension.ts';
import { Person } from '../support/person.ts';
import { describeWithRgw } from '../support/servers.ts';

describe('after a restart', () => {
  let parts: Parts;

  before(async () => {
    parts = await startExtension();
    await parts.tree.getChildren();
  });

  async function row(name: string): Promise<CredentialNode> {
    const found = (await parts.tree.credentials()).find(({ record }) => record.name === name);
    assert.ok(found, `There is no credential ${name}`);
    return found;
  }

  it('every credential is there', async () => {
    assert.deepEqual(
      (await parts.tree.credentials()).map(({ record }) => record.name),
      ['Kept', 'Lost'],
    );
  });

  it('one whose secret is gone is still locked', async () => {
    assert.equal(parts.tree.getTreeItem(await row('Lost')).contextValue, 'credential can:createContainer is:locked');
  });

  describeWithRgw('with Ceph RGW', () => {
    it('one whose secret was kept still signs in with it', async () => {
      const person = new Person(parts);
      const kept = await row('Kept');
      assert.equal(parts.tree.getTreeItem(kept).contextValue, 'credential can:createContainer');
      await runCommand('verifyCredential', kept);
      person.leave();
      assert.match(person.sentences[0] ?? '', /^Kept: The credentials are valid\./);
    });
  });
});
