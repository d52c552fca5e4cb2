import assert from 'node:assert/strict';
import type { Parts } from '../../src/commands/parts.ts';
import type { EntryNode, Node } from '../../src/tree/nodes.ts';
import { awsEnvironment, missingPeer, writeS3cmdConfig } from '../servers/peers.ts';
import { runCommand as runPeer, temporaryFolder } from '../servers/serverProcess.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { addRow, cleanUp, entryRow, runCommand, s3Credential, startExtension } from './support/extension.ts';
import { describeWithRgw } from './support/servers.ts';

const unprintable = /[\p{Cc}\u2028\u2029\uffff]/u;

describeWithRgw('a second client and the tree', (rgw) => {
  const buckets = new VersionedBuckets(rgw);
  let parts: Parts;
  let bucket: string;
  let row: EntryNode;

  before(async () => {
    parts = await startExtension();
    await cleanUp(parts);
    bucket = await buckets.create('versioned');
    const refused: string[] = [];
    for (const [n, key] of oddKeys.filter(isSendable).entries()) {
      try {
        await buckets.put(bucket, key);
      } catch (error) {
        assert.ok(error instanceof Error);
        refused.push(key);
        continue;
      }
      // Of every third one two versions, of every fifth a marker on top, which hides it.
      if (n % 3 === 0) await buckets.put(bucket, key, 'again');
      if (n % 5 === 0) await buckets.mark(bucket, key);
    }
    // Names that the server itself does not store.
    assert.ok(refused.length <= 3, JSON.stringify(refused));
    row = await entryRow(parts, await addRow(parts, s3Credential('Research', rgw)), bucket);
  });
  after(async () => await cleanUp(parts));

  const list = async (command: string) => {
    const args = ['s3api', command, '--bucket', bucket, '--endpoint-url', rgw.endpoint, '--output', 'json'];
    return JSON.parse(await runPeer('aws', args, awsEnvironment(rgw)));
  };

  it('show the same objects of odd names: awscli', async function () {
    if (await missingPeer('aws', 'awscli')) this.skip();
    const { Contents } = (await list('list-objects-v2')) as { Contents: readonly { Key: string; Size: number }[] };
    const shown = (await objectsBelow(parts, row)).map(({ entry }) => facts(entry.id, entry.size));
    assert.ok(shown.length >= 48, `The tree shows only ${shown.length}`);
    assert.deepEqual(shown.sort(), Contents.map(({ Key, Size }) => facts(Key, Size)).sort());
  });

  it('show the same versions and delete markers of odd names: awscli', async function () {
    if (await missingPeer('aws', 'awscli')) this.skip();
    const { Versions, DeleteMarkers } = (await list('list-object-versions')) as Listed;
    await runCommand('showVersions', row);
    const shown = (await objectsBelow(parts, row)).map(({ entry: { id, version } }) =>
      facts(id, version?.id, version?.latest, version?.marker),
    );
    await runCommand('hideVersions', row);
    const factsOf = ({ Key, VersionId, IsLatest }: Version, marker: boolean) => facts(Key, VersionId, IsLatest, marker);
    const theirs = [
      ...Versions.map((each) => factsOf(each, false)),
      ...DeleteMarkers.map((each) => factsOf(each, true)),
    ];
    assert.ok(shown.length >= 90, `The tree shows only ${shown.length}`);
    assert.deepEqual(shown.sort(), theirs.sort());
  });

  // It asks for listings as bare XML, which can't carry every name.
  it('show the same objects of odd names, where XML can carry them: s3cmd, which lists no versions', async function () {
    if (await missingPeer('s3cmd')) this.skip();
    const plain = await buckets.create('plain');
    const printable = oddKeys.filter((key) => isSendable(key) && !unprintable.test(key));
    for (const key of printable) await buckets.put(plain, key);
    const folder = await temporaryFolder('s3cmd');
    const config = await writeS3cmdConfig(folder.path, rgw);
    const output = await runPeer('s3cmd', ['-c', config, 'ls', '--recursive', `s3://${plain}`]);
    await folder.remove();
    const start = `  s3://${plain}/`;
    const listed = output.split('\n').filter((line) => line !== '');
    const theirs = listed.map((line) => line.slice(line.indexOf(start) + start.length));
    const credential = row.credential;
    await runCommand('refresh', credential);
    const shown = (await objectsBelow(parts, await entryRow(parts, credential, plain))).map(({ entry }) => entry.id);
    assert.ok(printable.length >= 54);
    assert.deepEqual(shown.sort(), theirs.sort());
    assert.deepEqual(shown, printable.toSorted());
  });
});

interface Version {
  readonly Key: string;
  readonly VersionId: string;
  readonly IsLatest: boolean;
}

interface Listed {
  readonly Versions: readonly Version[];
  readonly DeleteMarkers: readonly Version[];
}

/** The rows of all objects below a row, through every folder; a row that says what went wrong fails the test. */
async function objectsBelow(parts: Parts, above: Node): Promise<EntryNode[]> {
  const rows: EntryNode[] = [];
  for (const node of await parts.tree.getChildren(above)) {
    assert.ok(node.kind === 'entry' || node.kind === 'uploads', `A row of another kind: ${node.kind}`);
    if (node.kind === 'uploads') continue;
    if (node.place) rows.push(...(await objectsBelow(parts, node)));
    else rows.push(node);
  }
  return rows;
}

function facts(...values: readonly unknown[]): string {
  return JSON.stringify(values);
}
