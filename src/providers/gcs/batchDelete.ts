import { randomUUID } from 'node:crypto';
import type { Target } from '../../core/storageClient.ts';
import { checkObjectPath, type GcsConnection, objectPath } from './connection.ts';
import { type Answer, incomplete, Refusal } from './errors.ts';

/** The most calls of one batch request. */
export const batchSize = 100;

const path = '/batch/storage/v1';

/**
 * Sends up to 100 deletions as one request, and gives back what the server answered to each that it answered exactly once;
 * undefined where the server has no batches.
 * https://cloud.google.com/storage/docs/batch
 */
export async function deleteInBatch(
  gcs: GcsConnection,
  bucket: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Target, Answer> | undefined> {
  if (gcs.lacking.has('batch')) return undefined;
  const boundary = `batch_${randomUUID()}`;
  const body = `${targets.map((target, n) => part(boundary, target, n)).join('')}--${boundary}--\r\n`;
  const headers = { 'content-type': `multipart/mixed; boundary=${boundary}` };
  const answer = await gcs.answer({ method: 'POST', path, headers, body }, { bucket }, signal);
  if (hasNoBatches(answer)) {
    gcs.lacking.add('batch');
    return undefined;
  }
  if (answer.status !== 200) throw gcs.fail(new Refusal(answer), { bucket }, signal);
  const answers = readParts(answer);
  if (!answers) throw incomplete(gcs.subject({ bucket }));
  return new Map(
    targets.flatMap((target, n): [Target, Answer][] => {
      const [one, another] = answers.get(n) ?? [];
      return one && !another ? [[target, one]] : [];
    }),
  );
}

function hasNoBatches({ status }: Answer): boolean {
  return status === 404 || status === 405 || status === 501;
}

function part(boundary: string, { entry, ifTag }: Target, n: number): string {
  const { container = '', id } = entry;
  const path = objectPath(container, id);
  checkObjectPath(path, container, id);
  const condition = ifTag === undefined ? '' : `?ifGenerationMatch=${ifTag}`;
  const head = `Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${n}>`;
  return `--${boundary}\r\n${head}\r\n\r\nDELETE ${path}${condition} HTTP/1.1\r\n\r\n\r\n`;
}

/** The answers by the numbers of their calls; undefined when the end is missing, as it is of what was cut off. */
function readParts({ headers, text }: Answer): ReadonlyMap<number, readonly Answer[]> | undefined {
  const type = headers.get('content-type') ?? '';
  const boundary = /^multipart\/mixed;.*\bboundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) return undefined;
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`).slice(1);
  if (pieces.pop()?.trim() !== '--') return undefined;
  const answers = new Map<number, Answer[]>();
  for (const piece of pieces) {
    const [outer, inner, ...rest] = piece.split('\r\n\r\n');
    const number = /^content-id:\s*<?response-(\d+)>?\s*$/im.exec(outer ?? '')?.[1];
    const status = /^HTTP\/[\d.]+ (\d{3})\b/.exec(inner ?? '')?.[1];
    if (number === undefined || status === undefined) continue;
    const answer = { status: Number(status), headers: new Headers(), text: rest.join('\r\n\r\n').trim() };
    answers.set(Number(number), [...(answers.get(Number(number)) ?? []), answer]);
  }
  return answers;
}
