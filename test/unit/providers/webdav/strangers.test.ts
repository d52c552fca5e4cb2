import { once } from 'node:events';
import http from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Entry, StorageClient } from '../../../../src/core/storageClient.ts';
import { webEntry } from '../../../../src/providers/_shared/webPaths.ts';
import provider from '../../../../src/providers/webdav/provider.ts';
import { portOf } from '../../../servers/serverProcess.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const call = { signal: new AbortController().signal };
const root = { kind: 'root' } as const;

/** A server that answers as it is told, and what was asked of it. */
async function serve(answer: (request: http.IncomingMessage, response: http.ServerResponse) => void) {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization?.split(' ')[0] ?? ''}`.trim());
    request.resume();
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${portOf(server.address())}`;
  const settings = { url: `${origin}/dav/`, username: 'user' };
  const network = { proxyFor: () => undefined, certificates: [] };
  const client = (await provider.open({
    settings,
    secrets: { password: 'secret' },
    network,
  })) as Required<StorageClient>;
  ends.push(async () => {
    await client[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  return { client, requests, origin };
}

const resource = (href: string, kind = '<d:collection/>') =>
  `<d:response><d:href>${href}</d:href><d:propstat><d:prop><d:resourcetype>${kind}</d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`;

function listing(...resources: string[]): string {
  return `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">${resources.join('')}</d:multistatus>`;
}

function multistatus(text: string) {
  return (_: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeHead(207, { 'content-type': 'application/xml' });
    response.end(text);
  };
}

describe('a server that lists what it should not', () => {
  test.each([
    ['another server', 'http://elsewhere.example.com/dav/a'],
    ['another port', 'http://127.0.0.1:1/dav/a'],
    ['what lies outside', '/other/a'],
    ['the folder above', '/'],
    ['a name that only begins the same', '/dav-2'],
    ['raw dots', '/dav/../other/'],
    ['encoded dots', '/dav/%2e%2e/'],
    ['half-encoded dots', '/dav/.%2E'],
    ['dots deeper down', '/dav/a/..'],
    ['one dot', '/dav/.'],
    ['an encoded slash', '/dav/a%2fb'],
    ['a grandchild', '/dav/a/b'],
    ['a query', '/dav/a?b'],
    ['a zero byte', '/dav/a%00'],
    ['a broken code', '/dav/a%'],
    ['the folder twice', '/dav'],
  ])('is not believed at all: %s', async (_, href) => {
    const { client } = await serve(
      multistatus(listing(resource('/dav/'), resource('/dav/good', ''), resource(href, ''))),
    );
    await expect(client.list(root, {}, call)).rejects.toMatchObject({ kind: 'unexpected' });
  });

  test('is not believed when it names one thing twice', async () => {
    const twice = listing(resource('/dav/'), resource('/dav/a', ''), resource('/dav/%61', ''));
    const { client } = await serve(multistatus(twice));
    await expect(client.list(root, {}, call)).rejects.toMatchObject({ kind: 'unexpected' });
  });

  test.each([
    ['itself', listing(resource('/dav/a', ''))],
    ['whether something is a folder', listing(resource('/dav/'), '<d:response><d:href>/dav/a</d:href></d:response>')],
    ['anything', ''],
    ['all of it', listing(resource('/dav/')).slice(0, -4)],
    ['what is XML alone', `<!DOCTYPE x [<!ENTITY e "/dav/a">]>${listing(resource('/dav/'), resource('&e;', ''))}`],
    ['of WebDAV', '<multistatus/>'],
  ])('is not believed when it does not tell %s', async (_, text) => {
    const { client } = await serve(multistatus(text));
    await expect(client.list(root, {}, call)).rejects.toMatchObject({ kind: 'unexpected' });
  });

  test('is asked again for exactly what it listed', async () => {
    const odd = "/dav/%61%7e~(x);'+&amp;%c3%A4";
    const { client, requests } = await serve((request, response) => {
      if (request.method === 'DELETE') response.writeHead(204).end();
      else multistatus(listing(resource('/dav/'), resource(odd, '')))(request, response);
    });
    const { entries } = await client.list(root, {}, call);
    expect(entries).toMatchObject([{ name: "a~~(x);'+&ä" }]);
    const [entry] = entries;
    await client.remove([{ entry: entry as Entry, mode: 'recoverable' }], call);
    expect(requests.at(-1)).toBe("DELETE /dav/%61%7e~(x);'+&%c3%A4");
  });
});

describe('a server that is none of WebDAV', () => {
  const target = { entry: webEntry('object', '/dav/a'), mode: 'recoverable' } as const;

  test('is not believed that something is gone', async () => {
    const { client } = await serve((_, response) => response.writeHead(404).end());
    expect(await client.remove([target], call)).toMatchObject([{ result: 'failed', error: { kind: 'not-found' } }]);
    const folder = { entry: webEntry('folder', '/dav/a/'), mode: 'recoverable' } as const;
    expect(await client.removeTree(folder, call)).toMatchObject([{ result: 'failed' }]);
  });

  test.each([200, 202, 301, 302, 307, 308])(
    'is not believed that something was deleted by status %i',
    async (status) => {
      const { client, requests } = await serve((_, response) =>
        response.writeHead(status, { location: 'http://127.0.0.1:9/elsewhere' }).end('<html>Sign in</html>'),
      );
      expect(await client.remove([target], call)).toMatchObject([{ result: 'failed' }]);
      expect(requests.filter((request) => request.startsWith('DELETE'))).toEqual(['DELETE /dav/a']);
    },
  );

  test('is told to a verification', async () => {
    const { client } = await serve((_, response) => response.writeHead(200).end('<html></html>'));
    const steps = [];
    for await (const step of client.verify(root, call)) steps.push(step);
    expect(steps.at(-1)).toMatchObject({
      stage: 'sign-in',
      status: 'failed',
      sentence: expect.stringMatching(/WebDAV/),
    });
  });
});

describe('a password', () => {
  test('goes nowhere that a redirect points, and the address is said', async () => {
    const elsewhere = await serve((_, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end());
    const { client, requests } = await serve((_, response) =>
      response.writeHead(302, { location: `${elsewhere.origin}/dav/` }).end(),
    );
    const failure = await client.list(root, {}, call).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'invalid-settings',
      hint: expect.stringContaining(`${elsewhere.origin}/dav/`),
    });
    expect(elsewhere.requests).toEqual([]);
    expect(requests).toEqual(['PROPFIND /dav/']);
  });

  test('is not sent before it is asked for, and then with each request at once', async () => {
    const { client, requests } = await serve((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': ['Negotiate', 'Basic realm="x"'] }).end('Sign in');
      } else multistatus(listing(resource('/dav/')))(request, response);
    });
    await client.list(root, {}, call);
    await client.list(root, {}, call);
    expect(requests).toEqual(['PROPFIND /dav/', 'PROPFIND /dav/ Basic', 'PROPFIND /dav/ Basic']);
  });

  test('that is wrong is tried once, and another way of signing in is named', async () => {
    const wrong = await serve((_, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end());
    await expect(wrong.client.list(root, {}, call)).rejects.toMatchObject({ kind: 'unauthenticated' });
    expect(wrong.requests).toEqual(['PROPFIND /dav/', 'PROPFIND /dav/ Basic']);
    const other = await serve((_, response) => response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end());
    await expect(other.client.list(root, {}, call)).rejects.toMatchObject({ hint: expect.stringMatching(/negotiate/) });
    expect(other.requests).toEqual(['PROPFIND /dav/']);
  });
});

describe('whole folders', () => {
  const folder = { entry: webEntry('folder', '/dav/a/'), mode: 'recoverable' } as const;
  const status = (href: string, code: number) =>
    `<d:response><d:href>${href}</d:href><d:status>HTTP/1.1 ${code} Any</d:status></d:response>`;

  test('are told apart into what was kept and why', async () => {
    const text = listing(
      status('/dav/a/b', 423),
      status('/dav/a/c/', 403),
      status('/dav/a/d', 404),
      status('/dav/a', 424),
      status('/dav/a/e', 204),
    );
    const { client } = await serve(multistatus(text));
    const outcomes = await client.removeTree(folder, call);
    expect(outcomes.map(({ target: { entry }, result, error }) => [entry.kind, entry.id, result, error?.kind])).toEqual(
      [
        ['folder', '/dav/a/', 'failed', 'not-empty'],
        ['object', '/dav/a/b', 'locked', 'locked'],
        ['folder', '/dav/a/c/', 'denied', 'forbidden'],
        ['object', '/dav/a/d', 'already-gone', undefined],
      ],
    );
  });

  test.each([
    ['something elsewhere', listing(status('/dav/ab', 423))],
    ['another server', listing(status('http://elsewhere.example.com/dav/a/b', 423))],
    ['no status', listing('<d:response><d:href>/dav/a/b</d:href></d:response>')],
    ['half of it', listing(status('/dav/a/b', 423)).slice(0, -3)],
  ])('are not called deleted when the answer tells of %s', async (_, text) => {
    const { client } = await serve(multistatus(text));
    expect(await client.removeTree(folder, call)).toMatchObject([{ target: folder, result: 'failed' }]);
  });

  test.each([
    [403, 'denied', 'forbidden'],
    [423, 'locked', 'locked'],
    [412, 'changed', 'changed'],
    [405, 'failed', 'unsupported'],
    [409, 'failed', 'unexpected'],
    [500, 'failed', 'unexpected'],
    [503, 'failed', 'rate-limited'],
    [507, 'failed', 'unexpected'],
  ])('stay when the server says %i', async (code, result, kind) => {
    const { client } = await serve((_, response) => response.writeHead(code).end());
    expect(await client.removeTree(folder, call)).toMatchObject([{ result, error: { kind } }]);
  });
});
