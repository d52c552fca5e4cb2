import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

it('runs by itself: config and orders on its standard input, one line of answer each, the end with it', async () => {
  const script = path.resolve(import.meta.dirname, '../../../demo/serve.ts');
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
    const { value } = await answers.next();
    return JSON.parse(value ?? 'null');
  };
  const credentials = [{ accessKeyId: 'KEY', secretAccessKey: 'secret' }];
  const { endpoint } = (await ask({ credentials, sampleData: true })) as { endpoint: string };
  expect((await fetch(endpoint)).status).toBe(403);
  await ask({ command: 'seed', bucket: 'seeded', prefix: 'k', count: 1234 });
  expect(await ask({ command: 'counts', bucket: 'seeded' })).toMatchObject({ requests: { GET: 1 }, objects: 1234 });
  await ask({ command: 'reset-counts' });
  expect(await ask({ command: 'counts', bucket: 'many-objects' })).toEqual({
    requests: {},
    objects: 2500,
    lastRequestAt: expect.any(Number),
  });
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
