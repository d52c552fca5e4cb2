import { expect, test } from 'vitest';
import { verifyCredential } from '../../../src/commands/verify.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { createRedactor } from '../../../src/core/redaction.ts';
import type { Verification } from '../../../src/core/verification.ts';
import { CredentialNode } from '../../../src/tree/nodes.ts';

const secret = 'a-secret-that-the-server-repeats';

test('keeps and tells nothing of a secret that a failure repeats', async () => {
  const redactor = createRedactor();
  redactor.add([secret]);
  const kept: Verification[] = [];
  const told: string[] = [];
  const record = { schema: 1, id: 'one', revision: 'r', provider: 'p', name: 'One', settings: {}, secretNames: [] };
  const node = new CredentialNode(record as CredentialNode['record'], {} as Provider, async () => ({ entries: [] }));
  const parts = {
    redactor,
    sessions: {
      open: async () => {
        throw new Error(`No such key: ${secret}`);
      },
    },
    verifications: { keep: async (_record: unknown, verification: Verification) => kept.push(verification) },
    dialogs: {
      progress: (_title: string, task: (report: () => void, signal: AbortSignal) => unknown) =>
        task(() => undefined, new AbortController().signal),
      notify: async (_kind: string, sentence: string) => void told.push(sentence),
    },
    tree: { redraw: () => undefined, isLocked: () => false },
    log: { info: () => undefined, error: () => undefined },
  };
  await verifyCredential(parts as unknown as Parameters<typeof verifyCredential>[0], node);
  expect(kept[0]?.steps[0]?.detail).toBe('Error: No such key: •••');
  expect(JSON.stringify([kept, told])).not.toContain(secret);
});
