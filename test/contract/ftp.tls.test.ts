import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import { type FtpTls, startProftpdFtp } from '../servers/proftpd.ts';
import { call } from './contractSuite.ts';
import { FtpBench, failure, fileAt, listed, remove } from './ftp.support.ts';

let certificates: Certificates;
let caBundle: string;

beforeAll(async () => {
  certificates = await createCertificates();
  caBundle = readFileSync(certificates.caFile, 'utf8');
});
afterAll(() => certificates.remove());

const failed = ({ steps }: Awaited<ReturnType<FtpBench['verify']>>) => steps.find(({ status }) => status === 'failed');
const said = /^(USER|PASS)\b/;

describe.each<[FtpTls, readonly string[]]>([
  ['offered', ['try', 'required']],
  ['implicit', ['implicit']],
])('certificates of a server with TLS %s', (tls, modes) => {
  it.each(['selfSigned', 'wrongHost', 'expired'] as const)(
    'refuses one that is %s, before the user is named',
    async (kind) => {
      const bench = new FtpBench(await startProftpdFtp({ tls, certificate: certificates[kind] }));
      for (const mode of modes) {
        const verification = await bench.verify({ tls: mode, caBundle });
        expect(failed(verification), mode).toMatchObject({ stage: 'tls', kind: 'untrusted-server' });
        const listing = (await bench.open({ tls: mode, caBundle })).list({ kind: 'root' }, {}, call());
        expect((await failure(listing)).kind).toBe('untrusted-server');
      }
      expect((await bench.commands()).filter((command) => said.test(command))).toEqual([]);
      expect((await bench.verify({ tls: modes[0] ?? '', verifyCertificate: false })).works).toBe(true);
      await bench.close();
      await bench.server.stop();
    },
  );

  it('accepts an authority that was given, or that the machine trusts, and no other', async () => {
    const bench = new FtpBench(await startProftpdFtp({ tls, certificate: certificates.server }));
    const mode = { tls: modes[0] ?? '' };
    expect(failed(await bench.verify(mode))).toMatchObject({ stage: 'tls', kind: 'untrusted-server' });
    const accepted = await bench.verify({ ...mode, caBundle });
    expect(accepted.steps.map(({ stage, status }) => [stage, status])).toContainEqual(['tls', 'ok']);
    const network = { proxyFor: () => undefined, certificates: [caBundle] };
    expect((await bench.verify(mode, network)).works).toBe(true);
    expect((await bench.verify({ ...mode, caBundle, host: 'localhost' })).works).toBe(true);
    await bench.close();
    await bench.server.stop();
  });
});

describe('a server without TLS', () => {
  let bench: FtpBench;
  beforeAll(async () => {
    bench = new FtpBench(await startProftpdFtp({ tls: 'none' }));
  });
  afterEach(() => bench.close());
  afterAll(() => bench.server.stop());

  it('is told nothing of the credentials where TLS is required', async () => {
    for (const tls of ['required', 'implicit']) {
      expect(failed(await bench.verify({ tls })), tls).toMatchObject({ stage: 'tls', kind: 'untrusted-server' });
    }
    expect((await bench.commands()).filter((command) => said.test(command))).toEqual([]);
  });

  it('is spoken to without where TLS is tried, and the verification says so', async () => {
    const { works, steps } = await bench.verify({ tls: 'try' });
    expect(works).toBe(true);
    expect(steps.find(({ stage }) => stage === 'tls')).toMatchObject({
      status: 'unknown',
      sentence: expect.stringContaining('not encrypted'),
    });
  });
});

describe('a server that requires TLS', () => {
  let bench: FtpBench;
  beforeAll(async () => {
    const certificate = certificates.server;
    bench = new FtpBench(await startProftpdFtp({ tls: 'required', certificate, sessionReuse: true }));
  });
  afterEach(() => bench.close());
  afterAll(() => bench.server.stop());

  it('refuses the user that comes without', async () => {
    expect(failed(await bench.verify({ tls: 'off' }))).toMatchObject({ stage: 'sign-in', kind: 'unauthenticated' });
  });

  it('is given the session of the control connection for each data connection', async () => {
    const folder = await bench.fill(['a', 'b', 'd/c']);
    const client = await bench.open({ tls: 'required', caBundle });
    for (let round = 0; round < 3; round++) {
      expect(await listed(client, folder)).toEqual({ a: 'object', b: 'object', d: 'folder' });
      const content = await client.read(fileAt(`${folder}/a`), { limit: 9 }, call());
      expect(Buffer.from(content).toString()).toBe('x');
    }
    expect(await remove(client, [fileAt(`${folder}/a`)])).toEqual([{ result: 'deleted', kind: undefined }]);
  });
});
