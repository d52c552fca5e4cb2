import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Surroundings } from '../../../../src/core/provider.ts';
import { resolveChain } from '../../../../src/providers/_shared/s3/chain.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';
import { chainKeys } from '../../../../src/providers/_shared/s3/keySource.ts';
import { profileChoices } from '../../../../src/providers/_shared/s3/profiles.ts';

// The home folder, the environment and the AWS files of a machine of its own; instance metadata is never asked.
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'chain-'));
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', home);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', path.join(home, 'my-config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', path.join(home, 'my-credentials'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const writeConfig = (text: string) => writeFile(path.join(home, 'my-config'), text);
const writeCredentials = (text: string) => writeFile(path.join(home, 'my-credentials'), text);

function world(change: Partial<Surroundings> = {}) {
  const learned: string[] = [];
  const surroundings: Surroundings = {
    network: { proxyFor: () => undefined, certificates: [] },
    learn: (secrets) => learned.push(...secrets),
    ...change,
  };
  const resolve = (profile = '') => resolveChain({ profile, region: 'us-east-1' }, surroundings);
  const failure = (profile = '') =>
    resolve(profile).then(
      () => expect.unreachable('It should fail.'),
      (error) => error,
    );
  return { learned, resolve, failure, surroundings };
}

const staticKeys = 'aws_access_key_id = SHARED\naws_secret_access_key = shared-secret\n';

describe('the order of the chain', () => {
  it('takes the environment first, and tells its secrets to be masked', async () => {
    await writeCredentials(`[default]\n${staticKeys}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'ENVIRONMENT');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'environment-secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'environment-token');
    const { resolve, learned } = world();
    expect(await resolve()).toMatchObject({ accessKeyId: 'ENVIRONMENT', source: 'environment' });
    expect(learned).toEqual(['environment-secret', 'environment-token']);
  });

  it('takes the default profile when the environment has none', async () => {
    await writeCredentials(`[default]\n${staticKeys}`);
    expect(await world().resolve()).toMatchObject({ accessKeyId: 'SHARED', source: 'profile default, shared files' });
  });

  it('takes a chosen profile and nothing else', async () => {
    await writeCredentials(`[default]\n${staticKeys}\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = s\n`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'ENVIRONMENT');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'environment-secret');
    expect(await world().resolve('other')).toMatchObject({
      accessKeyId: 'OTHER',
      source: 'profile other, shared files',
    });
    expect(await world().failure('missing')).toMatchObject({ kind: 'invalid-settings' });
  });

  it('takes the profile that AWS_PROFILE names, before keys in the environment', async () => {
    await writeConfig(`[profile named]\n${staticKeys}`);
    vi.stubEnv('AWS_PROFILE', 'named');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'ENVIRONMENT');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'environment-secret');
    expect(await world().resolve()).toMatchObject({ accessKeyId: 'SHARED', source: 'profile named, shared files' });
  });

  it('says what to do when nothing answers', async () => {
    expect(await world().failure()).toMatchObject({
      kind: 'unauthenticated',
      hint: expect.stringContaining('AWS CLI'),
    });
  });

  it('asks the container that the environment names', async () => {
    await using server = await serve(() => ({
      AccessKeyId: 'CONTAINER',
      SecretAccessKey: 'container-secret',
      Token: 'container-token',
      Expiration: inOneHour(),
    }));
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${server.origin}/keys`);
    const keys = await world().resolve();
    expect(keys).toMatchObject({ accessKeyId: 'CONTAINER', source: 'container', expiration: expect.any(Date) });
  });
});

describe('profiles', () => {
  it('are offered with where their keys come from, without sections that are none', async () => {
    await writeConfig(
      [
        '[default]\nregion = eu-west-1',
        '[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = static',
        '[profile dev]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r',
        '[profile tool]\ncredential_process = /bin/tool',
        '[sso-session corp]\nsso_start_url = https://corp.example.com\nsso_region = us-east-1',
        '[services s]\ns3 =\n  endpoint_url = http://127.0.0.1:1',
      ].join('\n'),
    );
    await writeCredentials(`[static]\n${staticKeys}`);
    expect((await profileChoices()).map(({ label }) => label)).toEqual([
      'default (no keys)',
      'dev (SSO)',
      'role (assumed role)',
      'static (shared files)',
      'tool (process)',
    ]);
  });

  it('assume their role with the keys of their source', async () => {
    await using server = await serve(() => assumedRole('AssumeRole'));
    vi.stubEnv('AWS_ENDPOINT_URL_STS', server.origin);
    await writeConfig(
      '[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = static\nregion = us-east-1\n',
    );
    await writeCredentials(`[static]\n${staticKeys}`);
    const { resolve, learned } = world();
    expect(await resolve('role')).toMatchObject({
      accessKeyId: 'ASSUMED',
      source: 'profile role, assumed role',
      expiration: expect.any(Date),
    });
    expect(learned).toContain('assumed-secret');
    expect(server.bodies[0]).toContain('Action=AssumeRole');
  });

  it('assume a role with a web identity of the environment', async () => {
    await using server = await serve(() => assumedRole('AssumeRoleWithWebIdentity'));
    const tokenFile = path.join(home, 'token');
    await writeFile(tokenFile, 'web-token');
    vi.stubEnv('AWS_ENDPOINT_URL_STS', server.origin);
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile);
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/r');
    expect(await world().resolve()).toMatchObject({ accessKeyId: 'ASSUMED', source: 'web identity' });
    expect(server.bodies[0]).toContain('WebIdentityToken=web-token');
  });
});

describe('SSO', () => {
  const profile =
    '[profile dev]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = r\n[sso-session corp]\nsso_start_url = https://corp.example.com\nsso_region = us-east-1\n';

  it('says which command renews a login that has ended', async () => {
    await writeConfig(profile);
    const cache = path.join(home, '.aws', 'sso', 'cache');
    await mkdir(cache, { recursive: true });
    const token = { accessToken: 'sso-token', expiresAt: '2020-01-01T00:00:00Z', startUrl: 'https://corp.example.com' };
    const name = createHash('sha1').update('corp').digest('hex');
    await writeFile(path.join(cache, `${name}.json`), JSON.stringify(token));
    const failure = await world().failure('dev');
    expect(failure).toMatchObject({ kind: 'expired', hint: expect.stringContaining('aws sso login --profile dev') });
    expect(inspect(failure, { depth: 9 })).not.toContain('sso-token');
  });

  it('says the same before the first login', async () => {
    await writeConfig(profile);
    expect(await world().failure('dev')).toMatchObject({
      kind: 'expired',
      hint: expect.stringContaining('aws sso login --profile dev'),
    });
  });
});

describe('a program', () => {
  const marker = () => path.join(home, 'was-run');
  const program = () =>
    `sh -c 'touch ${marker()}; echo "{\\"Version\\":1,\\"AccessKeyId\\":\\"PROCESS\\",\\"SecretAccessKey\\":\\"process-secret\\"}"'`;

  async function wasRun(): Promise<boolean> {
    return await import('node:fs').then(({ existsSync }) => existsSync(marker()));
  }

  it('is run when the person allows it, who is told its whole line', async () => {
    await writeConfig(`[profile tool]\ncredential_process = ${program()}\n`);
    const asked: string[] = [];
    const { resolve, learned } = world({
      mayRun: async (line) => {
        asked.push(line);
        return true;
      },
    });
    expect(await resolve('tool')).toMatchObject({ accessKeyId: 'PROCESS', source: 'profile tool, process' });
    expect(asked).toEqual([program()]);
    expect(learned).toEqual(['process-secret']);
  });

  it.each([
    ['refused', { mayRun: async () => false }],
    ['nobody can be asked', {}],
  ])('is not run when %s', async (_, change) => {
    await writeConfig(`[profile tool]\ncredential_process = ${program()}\n`);
    expect(await world(change).failure('tool')).toMatchObject({ kind: 'forbidden' });
    expect(await wasRun()).toBe(false);
  });

  it('is not run unasked as the source of a role either', async () => {
    await writeConfig(
      `[profile role]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = tool\n[profile tool]\ncredential_process = ${program()}\n`,
    );
    expect(await world().failure('role')).toMatchObject({ kind: 'forbidden' });
    expect(await wasRun()).toBe(false);
  });
});

it('asks again only when the keys are about to expire, and once for all who wait', async () => {
  let asked = 0;
  let lifetime = 3_600_000;
  await using server = await serve(() => {
    asked++;
    const Expiration = new Date(Date.now() + lifetime).toISOString();
    return { AccessKeyId: `KEY${asked}`, SecretAccessKey: 'secret', Token: 'token', Expiration };
  });
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${server.origin}/keys`);
  const source = chainKeys({ profile: '', region: 'us-east-1' }, world().surroundings);
  lifetime = 60_000;
  await Promise.all([source.keys(), source.keys()]);
  expect(asked).toBe(1);
  lifetime = 3_600_000;
  expect(await Promise.all([source.keys(), source.keys()])).toMatchObject([
    { accessKeyId: 'KEY2' },
    { accessKeyId: 'KEY2' },
  ]);
  await source.keys();
  expect(asked).toBe(2);
});

it('looks again when the server takes the keys for expired', async () => {
  await using server = await serve((request) =>
    request.headers.authorization?.includes('OLD')
      ? '<Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>'
      : '<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>',
  );
  const write = (id: string) =>
    writeCredentials(`[default]\naws_access_key_id = ${id}\naws_secret_access_key = s3cret\n`);
  await write('OLD');
  const options = {
    ...{
      server: new URL(server.origin),
      customEndpoint: true,
      region: 'us-east-1',
      followRegions: false,
      pathStyle: true,
    },
    ...{ accessKeyId: '', secretAccessKey: '', sessionToken: '', chain: { profile: '' } },
    ...{ verifyCertificate: true, caBundle: '', bucket: '', prefix: '' },
  };
  await using client = openS3(options, world().surroundings);
  const list = () => client.list({ kind: 'root' }, {}, { signal: new AbortController().signal });
  await expect(list()).rejects.toMatchObject({ kind: 'expired' });
  await expect(list()).rejects.toMatchObject({ kind: 'expired' });
  await write('NEW');
  expect(await list()).toEqual({ entries: [] });
});

function inOneHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString();
}

function assumedRole(action: string): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>
    <Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>assumed-secret</SecretAccessKey>
    <SessionToken>assumed-token</SessionToken><Expiration>${inOneHour()}</Expiration></Credentials>
  </${action}Result></${action}Response>`;
}

async function serve(answer: (request: http.IncomingMessage) => string | object) {
  const bodies: string[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    const said = answer(request);
    if (typeof said === 'string' && said.startsWith('<Error>')) response.statusCode = 403;
    response.setHeader('content-type', typeof said === 'string' ? 'text/xml' : 'application/json');
    response.end(typeof said === 'string' ? said : JSON.stringify(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
