import { expect, test, vi } from 'vitest';
import { deleteEntries } from '../../../src/commands/deleteEntries.ts';
import { StorageError } from '../../../src/core/errors.ts';
import type { Page, RemovalResult, Target } from '../../../src/core/storageClient.ts';
import { CredentialNode, EntryNode } from '../../../src/tree/nodes.ts';
import { container, facts, fakeClient, folder, object, temporaryFolder } from '../removal/fakeStorage.ts';

vi.mock('vscode', () => ({ workspace: { getConfiguration: () => ({ get: () => undefined }) } }));

type Record = CredentialNode['record'];

/** Deletes one object of a credential, and presses what is told to be pressed. */
function setUp(result: RemovalResult, relist: () => Promise<Page> = async () => ({ entries: [] })) {
  const error = new StorageError('unexpected', 'Refused.');
  const client = fakeClient({
    remove: (batch: readonly Target[]) => batch.map((target) => ({ target, result, error })),
  });
  const provider = {
    ...facts(),
    conditional: () => false,
    origin: () => 'https://storage.example',
  } as unknown as CredentialNode['provider'];
  let record: Record = {
    schema: 1,
    id: 'c',
    revision: 'one',
    provider: 'fake',
    name: 'C',
    settings: {},
    secretNames: [],
  };
  const credential = new CredentialNode(record, provider, relist);
  const bucket = new EntryNode(container, credential, relist);
  const parent = new EntryNode(folder('folder/'), bucket, relist);
  const node = new EntryNode(object('folder/key'), parent, relist);
  const questions: string[] = [];
  const told: { sentence: string; buttons: readonly string[]; press: (button: string | undefined) => void }[] = [];
  const cancelled = new Set<string>();
  const parts = {
    storage: temporaryFolder(),
    sessions: {
      open: async () => ({ client, provider, record, [Symbol.asyncDispose]: async () => undefined }),
    },
    view: { visible: false, selection: [] },
    tree: { refresh: () => undefined, twinsOf: () => [] },
    reports: { show: async () => undefined },
    dialogs: {
      progress: (title: string, task: (report: () => void, signal: AbortSignal) => unknown) => {
        const cancels = [...cancelled].some((beginning) => title.startsWith(beginning));
        return task(() => undefined, cancels ? AbortSignal.abort() : new AbortController().signal);
      },
      confirm: async ({ title }: { title: string }) => questions.push(title) === 1,
      notify: (_kind: string, sentence: string, buttons: readonly string[]) =>
        new Promise((press) => {
          told.push({ sentence, buttons, press });
        }),
    },
    log: { info: () => undefined, error: () => undefined },
    redactor: { redact: (text: string) => text },
  };
  return {
    client,
    questions,
    told,
    cancelled,
    run: () => deleteEntries(parts as unknown as Parameters<typeof deleteEntries>[0], node, [node]),
    change: (next: Partial<Record>) => {
      record = { ...record, ...next };
    },
  };
}

test('what failed is tried again without a question where nothing has changed', async () => {
  const { client, questions, told, run } = setUp('failed');
  await run();
  await vi.waitFor(() => expect(told).toHaveLength(1));
  told[0]?.press('Retry Failed');
  await vi.waitFor(() => expect(told).toHaveLength(2));
  expect(client.calls).toHaveLength(2);
  expect(questions).toHaveLength(1);
});

test('what failed is asked about again when the credential was changed: the same names may be other objects', async () => {
  const { client, questions, told, run, change } = setUp('failed');
  await run();
  change({ revision: 'two', settings: { accessKeyId: 'of another account' } });
  await vi.waitFor(() => expect(told).toHaveLength(1));
  told[0]?.press('Retry Failed');
  await vi.waitFor(() => expect(questions).toHaveLength(2));
  expect(client.calls).toHaveLength(1);
  expect(told).toHaveLength(1);
});

test('what came out is told before the server is asked for its listings again', async () => {
  const relisting = Promise.withResolvers<Page>();
  const { told, run } = setUp('deleted', () => relisting.promise);
  const ended = run();
  await vi.waitFor(() => expect(told).toHaveLength(1));
  relisting.resolve({ entries: [] });
  await ended;
});

test('why the first of what is still there failed stands in the sentence', async () => {
  const { told, run } = setUp('denied');
  await run();
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(told[0]?.sentence).toBe('Deleted 0. Denied: 1. Refused.');
});

test('after the report was shown, the rest can still be chosen', async () => {
  const { told, run } = setUp('failed');
  await run();
  await vi.waitFor(() => expect(told).toHaveLength(1));
  told[0]?.press('Show Report');
  await vi.waitFor(() => expect(told).toHaveLength(2));
  expect(told.map(({ buttons }) => buttons)).toEqual([
    ['Retry Failed', 'Show Report', 'Save Report…', 'Check Again'],
    ['Retry Failed', 'Save Report…', 'Check Again'],
  ]);
});

test('what was cancelled has not failed, and going on is asked for again', async () => {
  const { client, questions, told, run, cancelled } = setUp('deleted');
  cancelled.add('Deleting');
  await run();
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(told[0]).toMatchObject({
    sentence: 'Cancelled. Deleted 0. Not attempted: 1.',
    buttons: ['Show Report', 'Delete the Rest…', 'Save Report…'],
  });
  told[0]?.press('Delete the Rest…');
  await vi.waitFor(() => expect(questions).toHaveLength(2));
  expect(client.calls).toEqual([]);
});
