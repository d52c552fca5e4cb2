import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { handOn } from '../../../scripts/joinEntry.mjs';

test('a file that was joined hands on every export, whatever a shortened name has become', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'join-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const names = [...'abcdefghijklmnopqrstuvwxyz', '$', '_', 'default'];
  const values = names.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(`value of ${name}`)}`);
  writeFileSync(path.join(folder, 'entry.mjs'), `export const part3 = { ${values.join(', ')} };`);
  const words = path.join(folder, 'words.mjs');
  writeFileSync(words, handOn(names, 'part3', 'entry.mjs'));
  const handed = (await import(words)) as Record<string, string>;
  expect(Object.fromEntries(names.map((name) => [name, handed[name]]))).toEqual(
    Object.fromEntries(names.map((name) => [name, `value of ${name}`])),
  );
});
