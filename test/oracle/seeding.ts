import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutBucketVersioningCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { inParallel } from '../contract/contractSuite.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import { BucketJudge, type Contents, type Item, nameOf } from './contents.ts';
import type { Random } from './random.ts';

export type BucketKind = 'plain' | 'versioned' | 'suspended' | 'locking';
export type LockKind = 'governance' | 'compliance' | 'hold';

/** A bucket with random contents, and what is known of it. */
export interface SeededBucket {
  readonly kind: BucketKind;
  readonly judge: BucketJudge;
  readonly contents: Contents;
  /** By the names of the versions that have one. */
  readonly locks: ReadonlyMap<string, LockKind>;
}

/** Makes a bucket of a random kind with 0 to 60 keys, their versions and markers, locks and unfinished uploads. */
export async function seedBucket(client: S3Client, name: string, random: Random): Promise<SeededBucket> {
  const kind = random.pick<BucketKind>([
    'plain',
    'plain',
    'versioned',
    'versioned',
    'versioned',
    'suspended',
    'locking',
  ]);
  await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: kind === 'locking' }));
  if (kind === 'versioned' || kind === 'suspended') await setVersioning(client, name, 'Enabled');
  const judge = new BucketJudge(client, name);
  const keys = randomKeys(random);
  await fill(judge, kind, keys, random);
  if (kind === 'suspended') {
    await setVersioning(client, name, 'Suspended');
    await fill(judge, 'plain', random.some(keys, 0.5), random);
  }
  await beginUploads(client, name, keys, random);
  const contents = await judge.contents();
  return {
    kind,
    judge,
    contents,
    locks: kind === 'locking' ? await lockSome(client, name, contents, random) : new Map(),
  };
}

/** Odd ones among them, and prefixes that are objects too: half of all buckets are built around one. */
function randomKeys(random: Random): string[] {
  const keys = new Set<string>();
  const folders = ['', 'a/', 'a/b/', 'ab/', 'a/b/c/', 'über/'];
  const count = random.chance(0.05) ? 0 : random.below(61);
  const odd = oddKeys.filter((key) => isSendable(key) && key !== '.' && key !== '..');
  for (let n = 0; n < count; n++) {
    const folder = random.pick(folders);
    keys.add(random.chance(0.25) ? random.pick(odd) : `${folder}${random.pick(['k', '0', 'z '])}${random.below(40)}`);
  }
  if (count > 0 && random.chance(0.5)) for (const key of ['a', 'a/', 'a/b', 'a/b/', 'ab']) keys.add(key);
  return [...keys];
}

async function fill(judge: BucketJudge, kind: BucketKind, keys: readonly string[], random: Random): Promise<void> {
  // Drawn before, since what runs side by side ends in any order.
  const drafts = keys.map((key) => ({ key, steps: stepsOf(kind, random) }));
  await inParallel(drafts, 8, async ({ key, steps }) => {
    for (const step of steps) {
      // What the server doesn't take is not in the bucket: what is there is listed afterwards.
      await (step === 'put' ? judge.put(key) : judge.delete(key)).catch(expectRefusal);
    }
  });
}

function stepsOf(kind: BucketKind, random: Random): ('put' | 'mark')[] {
  if (kind === 'plain') return ['put'];
  const steps: ('put' | 'mark')[] = ['put'];
  while (random.chance(0.3) && steps.length < 4) steps.push(random.chance(0.4) ? 'mark' : 'put');
  return steps;
}

function expectRefusal(error: unknown): void {
  if (!(error instanceof Error) || !('$metadata' in error)) throw error;
}

async function beginUploads(client: S3Client, Bucket: string, keys: readonly string[], random: Random): Promise<void> {
  if (!random.chance(0.3)) return;
  const plain = keys.filter((key) => /^[a-z0-9/ ]+$/.test(key));
  for (const Key of ['up/loaded', ...random.some(plain, 0.05)]) {
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  }
}

async function lockSome(client: S3Client, Bucket: string, { items }: Contents, random: Random) {
  const locks = new Map<string, LockKind>();
  for (const item of random.some([...items.values()], 0.25)) {
    if (item.marker) continue;
    const kind = random.pick<LockKind>(['governance', 'compliance', 'hold']);
    await lock(client, Bucket, item, kind);
    locks.set(nameOf(item), kind);
  }
  return locks;
}

async function lock(client: S3Client, Bucket: string, { key: Key, id: VersionId }: Item, kind: LockKind) {
  const at = { Bucket, Key, VersionId };
  if (kind === 'hold') {
    await client.send(new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: 'ON' } }));
    return;
  }
  const Mode = kind === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE';
  const RetainUntilDate = new Date(Date.now() + 86_400_000);
  await client.send(new PutObjectRetentionCommand({ ...at, Retention: { Mode, RetainUntilDate } }));
}

async function setVersioning(client: S3Client, Bucket: string, Status: 'Enabled' | 'Suspended'): Promise<void> {
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
}
