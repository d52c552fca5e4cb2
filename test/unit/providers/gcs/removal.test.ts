import { expect, test } from 'vitest';
import type { Target } from '../../../../src/core/storageClient.ts';
import { GcsConnection, type Identity } from '../../../../src/providers/gcs/connection.ts';
import { removeBatch } from '../../../../src/providers/gcs/removal.ts';

/** A connection to a server that answers as told, by method and path. */
function connection(answer: (asked: string) => Response): GcsConnection {
  const identity: Identity = {
    signIn: async () => undefined,
    send: async (url, { method }) => answer(`${method} ${url.pathname}`),
    forget: async () => undefined,
    project: async () => undefined,
    sign: async () => '',
  };
  const server = new URL('http://storage.invalid');
  const options = { server, project: '', verifyCertificate: true, caBundle: '', start: { container: '', prefix: '' } };
  return new GcsConnection(options, { network: { proxyFor: () => undefined, certificates: [] } }, () => identity);
}

const notFound = () => Response.json({ error: { errors: [{ reason: 'notFound' }] } }, { status: 404 });
const ofSomethingElse = () => new Response('<html>Nothing here</html>', { status: 404 });
const bucket = () => Response.json({ kind: 'storage#bucket', name: 'b' });

const entry = { kind: 'object', container: 'b', id: 'a', name: 'a', path: 'b/a' } as const;
const target: Target = { entry, mode: 'recoverable' };
const planned: Target = { ...target, ifTag: '1' };

const inBucket = 'GET /storage/v1/b/b';
const inObject = 'GET /storage/v1/b/b/o/a';

test.each<[string, Target, Readonly<Record<string, () => Response>>, string]>([
  ['an object that is gone', target, { [inBucket]: bucket }, 'already-gone'],
  ['one that was planned with a generation', planned, { [inBucket]: bucket }, 'already-gone'],
  ['an object whose bucket is gone', target, {}, 'failed'],
  ['one that was planned with a generation, whose bucket is gone', planned, {}, 'failed'],
  ['an object of which something else says that it is gone', planned, { [inObject]: ofSomethingElse }, 'failed'],
])('%s is told by Cloud Storage alone', async (_, asked, answers, result) => {
  const gcs = connection((request) => (answers[request] ?? notFound)());
  const outcomes = await removeBatch(gcs, [asked], new AbortController().signal);
  expect(outcomes.map((outcome) => outcome.result)).toEqual([result]);
});

test.each([401, 403, 429])(
  'what was deleted and can not be looked for may be gone, whatever the look ends with: %d',
  async (status) => {
    const gone =
      '<?xml version="1.0"?><DeleteResult><Deleted><Key>a</Key><VersionId>1</VersionId></Deleted></DeleteResult>';
    const other: Target = { ...planned, entry: { ...entry, id: 'c' } };
    const answers: Readonly<Record<string, () => Response>> = {
      [inBucket]: bucket,
      'POST /b': () => new Response(gone.replace('</DeleteResult>', `${deletedOf('c')}</DeleteResult>`)),
    };
    const refused = () => Response.json({ error: { errors: [{ reason: 'any' }] } }, { status });
    const gcs = connection((request) => (answers[request] ?? refused)());
    const outcomes = await removeBatch(gcs, [planned, other], new AbortController().signal);
    expect(outcomes.map(({ result, error }) => [result, error?.kind])).toEqual([
      ['failed', 'unexpected'],
      ['failed', 'unexpected'],
    ]);
  },
);

function deletedOf(key: string): string {
  return `<Deleted><Key>${key}</Key><VersionId>1</VersionId></Deleted>`;
}
