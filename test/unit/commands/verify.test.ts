import { expect, test } from 'vitest';
import { verifyCredential } from '../../../src/commands/verify.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { createRedactor } from '../../../src/core/redaction.ts';
import type { Verification } from '../../../src/core/verification.ts';
import { CredentialNode } from '../../../src/tree/nodes.ts';

const secret = 'a-secret-that-the-server-repeats';

test('keeps and tells nothing of a secret that a failure repeats', async () => {
  const { parts, kept, told } = fakeParts(async () => {
    throw new Error(`No such key: ${secret}`);
  });
  parts.redactor.add([secret]);
  await verifyCredential(parts, node);
  expect(kept[0]?.steps[0]?.detail).toBe('Error: No such key: •••');
  expect(JSON.stringify([kept, told])).not.toContain(secret);
});

test('is cancelled while the keyring keeps it waiting, and lets go of what is opened too late', async () => {
  const opening = Promise.withResolvers<unknown>();
  const { parts, kept, told, cancel } = fakeParts(() => opening.promise);
  const verifying = verifyCredential(parts, node);
  cancel();
  await verifying;
  expect({ kept, told }).toEqual({ kept: [], told: [] });
  const closed = Promise.withResolvers<string>();
  opening.resolve({ [Symbol.asyncDispose]: async () => closed.resolve('closed') });
  expect(await closed.promise).toBe('closed');
});

const record = { schema: 1, id: 'one', revision: 'r', provider: 'p', name: 'One', settings: {}, secretNames: [] };
const node = new CredentialNode(record as CredentialNode['record'], {} as Provider, async () => ({ entries: [] }));

function fakeParts(open: () => Promise<unknown>) {
  const kept: Verification[] = [];
  const told: string[] = [];
  const cancelling = new AbortController();
  const parts = {
    redactor: createRedactor(),
    sessions: { open },
    verifications: { keep: async (_record: unknown, verification: Verification) => kept.push(verification) },
    dialogs: {
      progress: (_title: string, task: (report: () => void, signal: AbortSignal) => unknown) =>
        task(() => undefined, cancelling.signal),
      notify: async (_kind: string, sentence: string) => void told.push(sentence),
    },
    tree: { redraw: () => undefined, isLocked: () => false },
    log: { info: () => undefined, error: () => undefined },
  } as unknown as Parameters<typeof verifyCredential>[0];
  return { parts, kept, told, cancel: () => cancelling.abort() };
}
