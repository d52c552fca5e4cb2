import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { openStorage, type Storage } from './storage.ts';
import { openWindow, type VsCodeWindow, type WindowOptions } from './window.ts';

/** One window and one storage for all tests of a file; a failing test leaves a screenshot. */
export interface Session {
  readonly window: VsCodeWindow;
  readonly storage: Storage;
}

/** Why the suites that need the S3 server are skipped, if they are. */
export function whyNoStorage(): string | undefined {
  const rgw = inject('rgw');
  return 'unavailable' in rgw ? rgw.unavailable : undefined;
}

/** Opens a session before the tests of the calling file and closes it after them. */
export function useSession(options: Omit<WindowOptions, 'vsix'> = {}): Session {
  let window: VsCodeWindow | undefined;
  let storage: Storage | undefined;
  beforeAll(async () => {
    const rgw = inject('rgw');
    if ('unavailable' in rgw) throw new Error(rgw.unavailable);
    storage = await openStorage(rgw);
    window = await openWindow({ ...options, vsix: inject('vsix') });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await window?.screenshot(`failed ${task.name}`.replace(/[^\w-]+/g, '-'));
  });
  afterAll(async () => {
    await window?.close();
    await storage?.stop();
  });
  const present = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('The session is not open');
    return part;
  };
  return {
    get window() {
      return present(window);
    },
    get storage() {
      return present(storage);
    },
  };
}

/** What a form is filled in for: the session's storage, or another. */
export interface FilledIn {
  readonly window: VsCodeWindow;
  readonly storage: Pick<Storage, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>;
}

/** Adds a Ceph credential by the form and saves it. */
export async function addCredential({ window, storage }: FilledIn, name: string): Promise<void> {
  await window.runCommand('Storage Credentials: Add Credential');
  await fillCredential({ window, storage }, name);
  await window.form.save();
  await window.row(name).waitFor();
}

/** Fills in the form that is open. */
export async function fillCredential({ window, storage }: FilledIn, name: string, service = 'Ceph'): Promise<void> {
  const { form } = window;
  await form.choose('credential-provider', 'Amazon S3');
  await form.choose('service', service);
  await form.fill({
    Name: name,
    'Access Key ID': storage.accessKeyId,
    'Secret Access Key': storage.secretAccessKey,
    'Endpoint URL': storage.endpoint,
  });
}
