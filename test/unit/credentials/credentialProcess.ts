// A process of its own, as another window is: does what its argument says, prints one JSON answer.
import type { FileHandle } from 'node:fs/promises';
import { StorageError } from '../../../src/core/errors.ts';
import { CredentialStore } from '../../../src/credentials/credentialStore.ts';
import type { CredentialEdit } from '../../../src/credentials/credentials.ts';
import { type Files, newWord, realFiles } from '../../../src/credentials/files.ts';
import type { SecretStore } from '../../../src/credentials/secretVault.ts';
import { readStoreId } from '../../../src/credentials/storeId.ts';
import { FileSecrets, openKeeping } from './keeping.ts';

export type Task =
  | { readonly do: 'storeId'; readonly folder: string }
  | { readonly do: 'count'; readonly folder: string; readonly ids: readonly string[]; readonly times: number }
  | {
      readonly do: 'save' | 'remove';
      readonly folder: string;
      readonly secrets: string;
      readonly edit: CredentialEdit;
      /** The write point to die at, from 1; 0: none. */
      readonly dieAt: number;
    };

async function run(task: Task): Promise<unknown> {
  if (task.do === 'storeId') return await readStoreId(task.folder);
  if (task.do === 'count') return await count(task.folder, task.ids, task.times);
  const points = new WritePoints(task.dieAt);
  const { credentials, store } = await openKeeping(
    task.folder,
    mortalSecrets(new FileSecrets(task.secrets), points),
    mortalFiles(points),
  );
  if (task.do === 'save') await credentials.save(task.edit);
  else await credentials.remove(task.edit.id ?? '', task.edit.basedOn);
  store[Symbol.dispose]();
  return points.passed;
}

/** Adds one to the count in each record, `times` times, starting over whenever another process was faster. */
async function count(folder: string, ids: readonly string[], times: number): Promise<{ refused: number }> {
  using store = await CredentialStore.open(folder);
  let refused = 0;
  for (let n = 0; n < times; n++) {
    const id = ids[n % ids.length] ?? '';
    while (!(await countOnce(store, id))) refused += 1;
  }
  return { refused };
}

async function countOnce(store: CredentialStore, id: string): Promise<boolean> {
  const found = await store.get(id);
  if (found?.kind !== 'readable') throw new Error(`Not readable: ${id}`);
  const { record } = found;
  const settings = { ...record.settings, count: Number(record.settings.count) + 1 };
  try {
    await store.save({ ...record, settings, revision: newWord() }, record.revision);
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'changed') return false;
    throw error;
  }
}

/** Kills this process, as a power cut would, when the chosen step is about to be taken. */
class WritePoints {
  readonly #dieAt: number;
  passed = 0;

  constructor(dieAt: number) {
    this.#dieAt = dieAt;
  }

  async pass(name: string, halfway: () => Promise<unknown> = async () => undefined): Promise<void> {
    this.passed += 1;
    if (this.passed !== this.#dieAt) return;
    await halfway();
    console.log(JSON.stringify(name));
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  }
}

function mortalFiles(points: WritePoints): Files {
  return {
    ...realFiles,
    mkdir: (async (...args: Parameters<Files['mkdir']>) => {
      await points.pass('mkdir');
      return await realFiles.mkdir(...args);
    }) as Files['mkdir'],
    open: async (...args) => {
      await points.pass('open');
      return mortalHandle(await realFiles.open(...args), points);
    },
    rename: async (...args) => {
      await points.pass('rename');
      await realFiles.rename(...args);
    },
    unlink: async (...args) => {
      await points.pass('unlink');
      await realFiles.unlink(...args);
    },
  };
}

function mortalHandle(handle: FileHandle, points: WritePoints): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      if (name === 'writeFile') {
        return async (text: string) => {
          await points.pass('writeFile', () => target.writeFile(text.slice(0, text.length / 2)));
          await target.writeFile(text);
        };
      }
      if (name === 'sync' || name === 'close') {
        return async () => {
          await points.pass(name);
          await target[name]();
        };
      }
      return Reflect.get(target, name);
    },
  });
}

function mortalSecrets(secrets: SecretStore, points: WritePoints): SecretStore {
  return {
    get: (key) => secrets.get(key),
    keys: () => secrets.keys(),
    store: async (key, value) => {
      await points.pass('store secret');
      await secrets.store(key, value);
    },
    delete: async (key) => {
      await points.pass('delete secret');
      await secrets.delete(key);
    },
  };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? ''))));
