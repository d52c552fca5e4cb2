import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { SaxesParser } from 'saxes';
import type { Answer, Fault, FaultProxy, RecordedRequest } from '../servers/faultProxy.ts';
import type { Random } from './random.ts';

export interface Injected {
  faults: number;
}

/**
 * Lets a random part of all requests end badly, in a random way each.
 * @param judge deletes past the proxy what an answer of the proxy's own says that it deleted
 */
export function breakAtRandom(proxy: FaultProxy, judge: S3Client, random: Random, part: number, injected: Injected) {
  const faults = randomFaults(judge, random);
  for (const { fault, fits } of faults) {
    proxy.addRule({
      when(request) {
        const chosen = fits(request) && random.chance(part / faults.length);
        if (chosen) injected.faults++;
        return chosen;
      },
      fault,
    });
  }
}

function randomFaults(
  judge: S3Client,
  random: Random,
): { fault: Fault; fits: (request: RecordedRequest) => boolean }[] {
  const code = random.pick(['InternalError', 'SlowDown', 'AccessDenied', 'ServiceUnavailable']);
  const any: readonly Fault[] = [
    { kind: 'status', status: 503, body: document('SlowDown') },
    { kind: 'status', status: 500, body: document('InternalError') },
    { kind: 'reset-before' },
    { kind: 'reset-after' },
    { kind: 'cut-body', afterBytes: random.below(300) },
    { kind: 'replace-body', body: (whole) => whole.subarray(0, whole.length >> 1) },
  ];
  const ofBatches: readonly Fault[] = [
    { kind: 'reset-after' },
    { kind: 'status', status: 200, body: document('InternalError') },
    { kind: 'answer', by: (request) => deleteSome(judge, request, () => random.chance(0.3), code) },
  ];
  return [
    ...any.map((fault) => ({ fault, fits: () => true })),
    ...ofBatches.map((fault) => ({ fault, fits: isBatch })),
  ];
}

function document(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Injected</Message></Error>`;
}

function isBatch({ method, target }: RecordedRequest): boolean {
  return method === 'POST' && /\?(.*&)?delete\b/.test(target);
}

/** Answers a DeleteObjects as a server does that can't delete some of the keys: the others it deletes. */
export async function deleteSome(
  judge: S3Client,
  { target, body = '', headers }: RecordedRequest,
  refuses: (key: string) => boolean,
  code: string,
): Promise<Answer> {
  const Bucket = decodeURIComponent(/^\/([^/?]+)/.exec(target)?.[1] ?? '');
  const bypass = headers.some(({ name }) => name.toLowerCase() === 'x-amz-bypass-governance-retention');
  const lines = await Promise.all(
    objectsIn(body).map(async ({ key, version }) => {
      const named = `<Key>${escaped(key)}</Key>${version === undefined ? '' : `<VersionId>${version}</VersionId>`}`;
      const refusal = refuses(key)
        ? code
        : await judge
            .send(
              new DeleteObjectCommand({
                Bucket,
                Key: key,
                VersionId: version,
                ...(bypass ? { BypassGovernanceRetention: true } : {}),
              }),
            )
            .then(
              () => undefined,
              (error: Error) => error.name,
            );
      return refusal === undefined
        ? `<Deleted>${named}</Deleted>`
        : `<Error>${named}<Code>${refusal}</Code><Message>Injected</Message></Error>`;
    }),
  );
  const root = `<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${lines.join('')}</DeleteResult>`;
  return {
    status: 200,
    headers: ['Content-Type', 'application/xml'],
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${root}`),
  };
}

/** The objects that a DeleteObjects names, read by a parser that is not the SDK's. */
export function objectsIn(xml: string): { readonly key: string; readonly version: string | undefined }[] {
  const objects: { key: string; version: string | undefined }[] = [];
  const parser = new SaxesParser();
  let text = '';
  let key = '';
  let version: string | undefined;
  parser.on('opentag', () => {
    text = '';
  });
  parser.on('text', (part) => {
    text += part;
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'Key') key = text;
    if (name === 'VersionId') version = text;
    if (name !== 'Object') return;
    objects.push({ key, version });
    version = undefined;
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
  return objects;
}

function escaped(key: string): string {
  return key.replace(/[<>&"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}
