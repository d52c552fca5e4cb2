import { expect, test } from 'vitest';
import { createResolver } from '../../../src/credentials/resolve.ts';
import type { Credential } from '../../../src/credentials/scopes.ts';
import { seededRandom } from '../removal/fakeStorage.ts';
import { azure, credential, gs, onS3, providers } from './owners.ts';

/** Names that begin, end or look alike, as those do that were mixed up elsewhere. */
const servers = ['minio:9000', 'minio:900', 'minio:90', 'minio2:9000', 'my.minio:9000'];
const noServers = ['minio:90001', 'minio:9', 'minio'];
const buckets = ['b', 'b2', 'b22', 'my-bucket', 'my-bucket-3', 'minio', 'special'];
const folders = ['special', 'special2', 'SPECIAL', 'special/deep', 'spec', 'a', 'a/b', 'k'];
const names = ['x', 'special', 'deep/x', 'k', 'a#b?c', 'a%2Fb', '/x', '..', 'special2/x', 'b/special/x'];
const accounts = ['acc', 'acc2', 'cc'];

type Choose = <T>(options: readonly T[]) => T;

/** A credential as the oracle knows it: what it is for, written out, each segment by itself. */
interface Known {
  readonly credential: Credential;
  readonly cloud: string;
  readonly place: readonly string[];
}

function anyCredential(choose: Choose, few: readonly string[], name: string): Known {
  const cloud = choose(['aws', 'minio', 'gs', 'azure']);
  const bucket = choose(['', ...few]);
  const folder = bucket === '' || choose([true, false]) ? '' : choose(folders);
  const place = [...(bucket === '' ? [] : [bucket]), ...(folder === '' ? [] : folder.split('/'))];
  if (cloud === 'gs') return { credential: credential(gs, name, { bucket, subdir: folder }), cloud, place };
  if (cloud === 'azure') {
    const account = choose(accounts);
    const known = credential(azure, name, { account, container: bucket });
    return { credential: known, cloud: `azure ${account}`, place: place.slice(0, 1) };
  }
  const server = choose(servers);
  const endpoint = cloud === 'aws' ? '' : `http://${server}`;
  const known = onS3(name, { service: cloud, endpoint, bucket, subfolder: folder });
  return { credential: known, cloud: cloud === 'aws' ? 'aws' : `s3 ${server}`, place };
}

interface Case {
  readonly url: string;
  readonly cloud: string;
  /** The bucket, and the segments of the key. */
  readonly place: readonly string[];
}

function anyUrl(choose: Choose, few: readonly string[]): Case {
  const bucket = choose(few);
  const key = [...choose([[], [choose(folders)]]), choose(names)].join('/');
  const place = [bucket, ...key.split('/')];
  const scheme = choose(['aws', 'server', 'gs', 'azure']);
  if (scheme === 'gs') return { url: `gs://${bucket}/${key}`, cloud: 'gs', place };
  if (scheme === 'aws') return { url: `s3://${bucket}/${key}`, cloud: 'aws', place };
  if (scheme === 'azure') {
    const account = choose(accounts);
    return { url: `azure://${account}.blob.core.windows.net/${bucket}/${key}`, cloud: `azure ${account}`, place };
  }
  const server = choose([...servers, ...noServers]);
  // Without a port, what looks like a server is a bucket of Amazon's.
  if (!server.includes(':')) return { url: `s3://${server}/${bucket}/${key}`, cloud: 'aws', place: [server, ...place] };
  return { url: `s3://${server}/${bucket}/${key}`, cloud: `s3 ${server}`, place };
}

/** Who owns a place: whoever names the most of its segments, each of them whole; of equals the first in the tree. */
function ownerOf({ cloud, place }: Case, known: readonly Known[]): string | undefined {
  let owner: Known | undefined;
  for (const label of ['Amazon S3', 'Azure Blob Storage', 'Google Cloud Storage']) {
    for (const each of known) {
      if (each.credential.provider.label !== label || each.cloud !== cloud) continue;
      let named = 0;
      while (named < each.place.length && each.place[named] === place[named]) named++;
      if (named < each.place.length) continue;
      if (!owner || each.place.join('/').length > owner.place.join('/').length) owner = each;
    }
  }
  return owner?.credential.record.name;
}

test('10,000 URLs belong to whom a slower way of looking says', () => {
  const random = seededRandom(20_261_122);
  const choose: Choose = (options) => options[Math.floor(random() * options.length)] as (typeof options)[number];
  const tally = { owned: 0, unresolved: 0, folders: 0 };
  for (let round = 0; round < 500; round++) {
    const count = 1 + Math.floor(random() * 30);
    // Few buckets in a round, so that many credentials compete for one.
    const few = [choose(buckets), choose(buckets)];
    const known = Array.from({ length: count }, (_, index) =>
      anyCredential(choose, few, `c${String(index).padStart(2, '0')}`),
    );
    const resolve = createResolver({
      credentials: known.map((each) => each.credential),
      providers,
      substitutions: [],
    });
    for (let n = 0; n < 20; n++) {
      const asked = anyUrl(choose, few);
      const expected = ownerOf(asked, known);
      const resolution = resolve(asked.url);
      const [reading] = resolution.kind === 'resolved' ? resolution.readings : [];
      expect(
        reading?.credential.record.name,
        `${asked.url} among ${JSON.stringify(known.map(({ cloud, place }) => [cloud, ...place]))}`,
      ).toBe(expected);
      if (reading) expect([reading.container, ...reading.id.split('/')], asked.url).toEqual(asked.place);
      if (expected === undefined) tally.unresolved++;
      else tally.owned++;
      if (reading?.rule.includes('folder')) tally.folders++;
    }
  }
  // Cases that all end in one way would prove little.
  expect(Math.min(tally.owned, tally.unresolved, tally.folders)).toBeGreaterThan(300);
});
