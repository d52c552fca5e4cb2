import type { Connection } from '../../../src/core/provider.ts';
import type { Entry, Place, StorageClient } from '../../../src/core/storageClient.ts';

interface Settings {
  readonly shelf: string;
}

/** A backend without a server: two boxes with one thing in each. */
export function openClient({ settings }: Connection<Settings>): StorageClient {
  return {
    async *verify() {
      yield { stage: 'reach', status: 'ok', sentence: `The shelf stands: ${settings.shelf}`, ms: 0 };
    },
    async list(at: Place) {
      return {
        entries: at.kind === 'root' ? ['red box', 'blue box'].map(box) : at.id.endsWith('box') ? [ball(at.id)] : [],
      };
    },
    async read(entry) {
      return new TextEncoder().encode(`This is ${entry.path}`);
    },
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
    },
  };
}

function box(name: string): Entry {
  return { kind: 'container', id: name, name, path: name };
}

function ball(container: string): Entry {
  return { kind: 'object', container, id: 'ball.txt', name: 'ball.txt', path: `${container}/ball.txt`, size: 4 };
}
