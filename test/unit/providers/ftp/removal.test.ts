import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseDraft } from '../../../../src/core/drafts.ts';
import type { StorageClient } from '../../../../src/core/storageClient.ts';
import { fileEntry } from '../../../../src/providers/_shared/files.ts';
import provider from '../../../../src/providers/ftp/provider.ts';
import { type Deed, type ScriptedFtp, startScriptedFtp } from '../../../servers/scriptedFtp.ts';

const names = Array.from({ length: 40 }, (_, n) => `file-${n}`);
const opened: AsyncDisposable[] = [];
const servers: ScriptedFtp[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
  for (const each of servers.splice(0)) await each.stop();
});

async function start(count = names.length): Promise<{ ftp: ScriptedFtp; client: StorageClient }> {
  const ftp = await startScriptedFtp(Array.from({ length: count }, (_, n) => `file-${n}`));
  servers.push(ftp);
  const draft = { host: '127.0.0.1', port: ftp.port, username: 'ann', password: 'x', tls: 'off', basePath: ftp.folder };
  const { settings, secrets } = parseDraft(provider.fields, draft);
  const network = { proxyFor: () => undefined, certificates: [] };
  const client = await provider.open({ settings, secrets, network });
  opened.push(client);
  return { ftp, client };
}

async function remove(ftp: ScriptedFtp, client: StorageClient, files = names) {
  const targets = files.map((name) => ({
    entry: fileEntry('object', `${ftp.folder}/${name}`),
    mode: 'permanent' as const,
  }));
  const outcomes = (await client.remove?.(targets, { signal: new AbortController().signal })) ?? [];
  return outcomes.map(({ result, error }, index) => ({ name: files[index] ?? '', result, kind: error?.kind }));
}

const gone: Deed = { deletes: true, says: ['250 Gone'] };
const kept: Deed = { deletes: false, says: ['550 No'] };

test('files of a folder are deleted by commands that go out together, between two whose answers are known', async () => {
  const { ftp, client } = await start(150);
  const outcomes = await remove(ftp, client, [...ftp.files]);
  expect(new Set(outcomes.map(({ result }) => result))).toEqual(new Set(['deleted']));
  expect(ftp.files.size).toBe(0);
  expect(Math.max(...ftp.gos)).toBeGreaterThan(30);
  const first = ftp.commands.findIndex((command) => command.startsWith('DELE'));
  expect(ftp.commands[first - 1]).toBe(`CWD ${ftp.folder}`);
  expect(ftp.commands.at(-1)).toBe('PWD');
});

test('of files that go out together each gets its own answer, and what was refused is looked at', async () => {
  const { ftp, client } = await start();
  ftp.files.delete('file-5');
  ftp.script = (nth) => (nth === 20 ? kept : undefined);
  const outcomes = await remove(ftp, client);
  expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([
    { name: 'file-5', result: 'already-gone', kind: undefined },
    { name: 'file-19', result: 'denied', kind: 'forbidden' },
  ]);
  expect([...ftp.files]).toEqual(['file-19']);
});

test('a file that is still there is not called deleted, whatever the server said, when one beside it was refused', async () => {
  const { ftp, client } = await start();
  ftp.script = (nth) => (nth === 3 ? { deletes: false, says: ['250 Gone'] } : nth === 9 ? kept : undefined);
  const outcomes = await remove(ftp, client);
  expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([
    { name: 'file-2', result: 'failed', kind: 'unexpected' },
    { name: 'file-8', result: 'denied', kind: 'forbidden' },
  ]);
});

test('replies are read whole wherever the network cuts them, and replies of several lines count once', async () => {
  const { ftp, client } = await start();
  ftp.pieces = 3;
  ftp.script = (nth) => (nth % 2 ? { deletes: true, says: ['250-Almost\r\n 250 of them\r\n250 Gone'] } : undefined);
  const outcomes = await remove(ftp, client);
  expect(outcomes.filter(({ result }) => result !== 'deleted')).toEqual([]);
  expect(ftp.connections()).toBe(1);
});

test('a reply that is not the one for a deletion is no trouble, and nothing to believe: it is looked', async () => {
  const { ftp, client } = await start();
  ftp.script = (nth) => ({ deletes: nth !== 7, says: ['200 OK'] });
  const outcomes = await remove(ftp, client);
  expect(
    outcomes.filter(({ result }) => !['deleted', 'already-gone'].includes(result)).map(({ name }) => name),
  ).toEqual(['file-6']);
  expect([...ftp.files]).toEqual(['file-6']);
  expect(ftp.connections()).toBe(1);
});

describe('when the replies do not add up, each file is looked at over another connection', () => {
  const cases: Readonly<Record<string, (ftp: ScriptedFtp) => void>> = {
    'a reply too many': (ftp) => {
      ftp.script = (nth) => (nth === 5 ? { ...gone, says: ['250 Gone', '250 Gone'] } : nth === 40 ? kept : undefined);
    },
    'every reply twice': (ftp) => {
      ftp.script = (nth) =>
        nth % 3 ? { ...gone, says: ['250 Gone', '250 Gone'] } : { ...kept, says: ['550 No', '550 No'] };
    },
    'a reply too few': (ftp) => {
      ftp.script = (nth) => (nth === 5 ? { ...gone, says: [] } : nth === 6 ? kept : undefined);
    },
    'a reply too few, of one that stayed': (ftp) => {
      ftp.script = (nth) => (nth === 5 ? { ...kept, says: [] } : undefined);
    },
    'the connection ends in the middle': (ftp) => {
      ftp.script = (nth) => (nth === 20 ? { ...gone, says: [], ends: true } : undefined);
    },
    'the connection ends after a reply': (ftp) => {
      ftp.script = (nth) => (nth === 20 ? { ...gone, ends: true } : undefined);
    },
    'a farewell in the middle': (ftp) => {
      ftp.script = (nth) => (nth === 20 ? { ...kept, says: ['421 Too much'] } : undefined);
    },
    'the last answer comes early': (ftp) => {
      ftp.script = (nth) => (nth === 20 ? { ...kept, says: [`257 "${ftp.folder}" it is`] } : undefined);
    },
    'the last answer is another': (ftp) => {
      let asked = 0;
      ftp.saysWhere = () => (ftp.gos.length > 0 && asked++ === 0 ? '257 "/elsewhere" it is' : undefined);
    },
    'the last answer is one to a deletion': (ftp) => {
      let asked = 0;
      ftp.saysWhere = () => (ftp.gos.length > 0 && asked++ === 0 ? '250 Gone' : undefined);
    },
    'something that answers nothing': (ftp) => {
      ftp.script = (nth) => (nth === 20 ? { ...kept, says: ['150 Wait', '550 No'] } : undefined);
    },
  };
  test.each(Object.entries(cases))('%s', async (_, arrange) => {
    const { ftp, client } = await start();
    arrange(ftp);
    const outcomes = await remove(ftp, client);
    expectHonest(ftp, outcomes);
    expect(outcomes.filter(({ result }) => result === 'deleted')).toEqual([]);
    expect(ftp.connections()).toBeGreaterThan(1);
    // From now on one at a time, and what is left goes.
    ftp.script = () => undefined;
    ftp.saysWhere = () => undefined;
    ftp.gos.length = 0;
    for (const name of ['a', 'b', 'c']) ftp.files.add(name);
    const rest = await remove(ftp, client, [...ftp.files]);
    expect(rest.filter(({ result }) => result !== 'deleted')).toEqual([]);
    expect(new Set(ftp.gos)).toEqual(new Set([1]));
  });

  test('the replies come too late', async () => {
    const { ftp, client } = await start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const late = Promise.withResolvers<void>();
    ftp.script = (nth) => (nth === 20 ? { ...gone, late: late.promise } : nth > 30 ? kept : undefined);
    const removing = remove(ftp, client);
    while (ftp.commands.at(-1) !== 'PWD' || !ftp.commands.includes(`DELE ${ftp.folder}/file-39`)) await breathe();
    // What it said until then must have come.
    for (let n = 0; n < 10; n++) await breathe();
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    const outcomes = await removing;
    late.resolve();
    expectHonest(ftp, outcomes);
    expect(outcomes.filter(({ result }) => result === 'deleted')).toEqual([]);
    expect(outcomes.filter(({ kind }) => kind === 'timed-out')).toHaveLength(10);
  });
});

const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** Nothing is called gone that is there, and nothing lost that is gone. */
function expectHonest(ftp: ScriptedFtp, outcomes: Awaited<ReturnType<typeof remove>>): void {
  const claimed = outcomes.filter(({ result }) => result === 'deleted' || result === 'already-gone');
  expect(claimed.filter(({ name }) => ftp.files.has(name))).toEqual([]);
  expect(claimed.length + ftp.files.size).toBe(names.length);
  const others = outcomes.filter((outcome) => !claimed.includes(outcome));
  expect(
    others.filter(({ result, kind }) => result !== 'failed' || (kind !== 'unreachable' && kind !== 'timed-out')),
  ).toEqual([]);
}
