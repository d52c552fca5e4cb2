import path from 'node:path';
import { StorageError } from '../core/errors.ts';
import { withLock } from './fileLock.ts';
import { type Files, newWord, readIfThere, realFiles, writeDurably } from './files.ts';

/** The random name of the store in a folder, made by whoever asks first: one keyring may serve several stores. */
export async function readStoreId(folder: string, files: Files = realFiles): Promise<string> {
  await files.mkdir(folder, { recursive: true });
  const file = path.join(folder, 'store.json');
  const known = await readIfThere(files, file);
  if (known !== undefined) return parseStoreId(known, file);
  return await withLock(files, path.join(folder, 'locks'), async (assertHeld) => {
    const other = await readIfThere(files, file);
    if (other !== undefined) return parseStoreId(other, file);
    const storeId = newWord();
    await writeDurably(files, file, `${JSON.stringify({ storeId })}\n`, assertHeld);
    return storeId;
  });
}

function parseStoreId(text: string, file: string): string {
  const storeId = /^\s*\{\s*"storeId"\s*:\s*"([a-z0-9]{1,64})"\s*\}\s*$/.exec(text)?.[1];
  if (storeId !== undefined) return storeId;
  throw new StorageError('invalid-settings', `The file that names the store of your secrets is damaged: ${file}`, {
    hint: 'Restore the file from a backup, or delete it and enter every secret again.',
  });
}
