import { expect, it } from 'vitest';
import { awsEnvironment, missingPeer, type PeerAccess, writeS3cmdConfig } from '../servers/peers.ts';
import { runCommand, temporaryFolder } from '../servers/serverProcess.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import { VersionedBuckets } from '../support/versionedBuckets.ts';
import { byBytes, call, collect, containerPlace, providerSuite } from './contractSuite.ts';

const unprintable = /[\p{Cc}\u2028\u2029\uffff]/u;
const missing = {
  awscli: await missingPeer('aws', 'awscli'),
  s3cmd: await missingPeer('s3cmd'),
};

await providerSuite('s3', 'a second client', ['walk'], (contract) => {
  const { server } = contract;
  const access = server.draft(server.origin) as unknown as PeerAccess;
  const ours = async (container: string) => {
    const client = await contract.open();
    const pages = await collect(client.walk(containerPlace(container), {}, call()));
    return byBytes(pages.flatMap(({ entries }) => entries.map(({ id }) => id)));
  };

  it.skipIf(missing.awscli)('lists the same odd names: awscli', async () => {
    const { container } = await contract.fillWithOddKeys();
    const args = ['--bucket', container, '--endpoint-url', server.origin, '--output', 'json'];
    const environment = { ...awsEnvironment(access), ...(server.caFile ? { AWS_CA_BUNDLE: server.caFile } : {}) };
    const listed = JSON.parse(await runCommand('aws', ['s3api', 'list-objects-v2', ...args], environment)) as {
      Contents: { Key: string }[];
    };
    const keys = listed.Contents.map(({ Key }) => Key);
    expect(keys.length).toBeGreaterThanOrEqual(60);
    expect(await ours(container)).toEqual(byBytes(keys));
  });

  const versions = !missing.awscli && server.name === 'Ceph RGW';
  it.runIf(versions)('lists the same versions and delete markers of odd names: awscli', async () => {
    const { container, stored } = await contract.fillWithOddKeys();
    const bucket = new VersionedBuckets({ ...access, endpoint: server.origin });
    await bucket.enable(container);
    for (const [n, key] of stored.entries()) {
      await bucket.put(container, key);
      if (n % 2 === 0) await bucket.mark(container, key);
    }
    const args = ['--bucket', container, '--endpoint-url', server.origin, '--output', 'json'];
    const listed = JSON.parse(
      await runCommand('aws', ['s3api', 'list-object-versions', ...args], awsEnvironment(access)),
    );
    const theirs = [
      ...listed.Versions.map((each: AwsVersion) => factsOf(each.Key, each.VersionId, each.IsLatest, false)),
      ...listed.DeleteMarkers.map((each: AwsVersion) => factsOf(each.Key, each.VersionId, each.IsLatest, true)),
    ];
    const client = await contract.open();
    const pages = await collect(client.walk(containerPlace(container), { versions: true }, call()));
    const found = pages.flatMap(({ entries }) =>
      entries.map(({ id, version }) => factsOf(id, version?.id, version?.latest, version?.marker)),
    );
    expect(found.length).toBeGreaterThan(2 * stored.length);
    expect(found.sort()).toEqual(theirs.sort());
  });

  // It speaks to the plain servers alone here, and asks for listings as bare XML, which can't carry every name.
  const s3cmdCan = !missing.s3cmd && server.caFile === undefined;
  it.runIf(s3cmdCan)('lists the same odd names, where XML can carry them: s3cmd', async () => {
    const keys = oddKeys.filter((key) => isSendable(key) && !unprintable.test(key));
    expect(keys.length).toBeGreaterThanOrEqual(54);
    const container = await contract.fill(keys);
    const folder = await temporaryFolder('s3cmd');
    const config = await writeS3cmdConfig(folder.path, access);
    const output = await runCommand('s3cmd', ['-c', config, 'ls', '--recursive', `s3://${container}`]);
    await folder.remove();
    const start = `  s3://${container}/`;
    const listed = output.split('\n').filter((line) => line !== '');
    expect(await ours(container)).toEqual(
      byBytes(listed.map((line) => line.slice(line.indexOf(start) + start.length))),
    );
    expect(listed).toHaveLength(keys.length);
  });
});

interface AwsVersion {
  readonly Key: string;
  readonly VersionId: string;
  readonly IsLatest: boolean;
}

function factsOf(...facts: readonly unknown[]): string {
  return JSON.stringify(facts);
}
