import { StorageError } from '../../core/errors.ts';
import type { Start } from '../_shared/entries.ts';
import type { Account } from './account.ts';
import type { B2Connection } from './connection.ts';

/** Why a key is not for names in a bucket that begin so, if it isn't: asked before any call. */
export function refuseForKey({ buckets, namePrefix }: Account, bucket: string, name: string): StorageError | undefined {
  if (buckets && !buckets.some((each) => each.name === bucket)) return outside(bucket);
  return name.startsWith(namePrefix) ? undefined : outside(name === '' ? bucket : name, namePrefix);
}

/** Where a credential begins, as narrow as its key is. */
export function startFor({ options: { start } }: B2Connection, { namePrefix }: Account): Start {
  return start.container !== '' && namePrefix.startsWith(start.prefix) ? { ...start, prefix: namePrefix } : start;
}

/** Fails for what the key is not for; gives the id of the bucket. */
export async function bucketFor(b2: B2Connection, bucket: string, name: string, signal: AbortSignal): Promise<string> {
  try {
    const refusal = refuseForKey(await b2.account(signal), bucket, name);
    if (refusal) throw refusal;
    return await b2.bucketId(bucket, signal);
  } catch (error) {
    throw b2.fail(error, { bucket }, signal);
  }
}

function outside(name: string, prefix = ''): StorageError {
  return new StorageError('forbidden', `This application key is for another place: ${name}`, {
    hint: prefix === '' ? 'Use a key that is for this bucket.' : `It is for names that begin with: ${prefix}`,
  });
}
