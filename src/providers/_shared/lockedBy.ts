import { StorageError } from '../../core/errors.ts';
import type { Lock } from '../../core/storageClient.ts';

/** What a deletion that a lock stood against ends with: until when, and what would lift it. */
export function lockedBy(lock: Lock, key: string): StorageError {
  return new StorageError('locked', sentenceOf(lock, key), { hint: hintOf(lock) });
}

function sentenceOf({ kind, bypassable, until }: Lock, key: string): string {
  if (kind === 'legal-hold') return `Under a legal hold: ${key}`;
  const mode = bypassable === undefined ? '' : ` in ${bypassable ? 'governance' : 'compliance'} mode`;
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')}`;
  return `Locked${mode}${end}: ${key}`;
}

function hintOf({ kind, bypassable }: Lock): string {
  if (kind === 'legal-hold') return 'It can be deleted when the legal hold is lifted.';
  return bypassable
    ? 'Keys with the permission can delete it when bypassing governance is chosen before deleting.'
    : 'Nobody can delete it before then.';
}
