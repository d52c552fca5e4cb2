import { type Answer, jsonError, type Request } from './answers.ts';

const mostCalls = 100;

/**
 * Several calls of the JSON API in one request, each answered by itself.
 * https://cloud.google.com/storage/docs/batch
 */
export function answerBatch(request: Request, answer: (inner: Request) => Answer): Answer {
  const boundary = /^multipart\/mixed; *boundary="?([^";]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) return jsonError(400, 'badRequest', 'Failed to parse batch request');
  const pieces = request.body.toString('utf8').split(`--${boundary}`).slice(1);
  if (pieces.pop()?.trim() !== '--') return jsonError(400, 'badRequest', 'Failed to parse batch request');
  if (pieces.length > mostCalls) {
    return jsonError(400, 'badRequest', `The batch request is larger than ${mostCalls} calls.`);
  }
  const ours = 'batch_answer_of_the_simulator';
  const parts = pieces.map((piece) => {
    const [outer = '', inner = ''] = splitOnce(piece.replace(/^\r\n/, ''), '\r\n\r\n');
    const id = /^content-id: *<?([^>\r\n]+)>?/im.exec(outer)?.[1];
    const head = id === undefined ? '' : `Content-ID: <response-${id}>\r\n`;
    return `--${ours}\r\nContent-Type: application/http\r\n${head}\r\n${render(answer(parseInner(request, inner)))}\r\n`;
  });
  const body = Buffer.from(`${parts.join('')}--${ours}--\r\n`);
  return { status: 200, headers: { 'content-type': `multipart/mixed; boundary=${ours}` }, body };
}

function parseInner(outer: Request, text: string): Request {
  const [head = '', body = ''] = splitOnce(text, '\r\n\r\n');
  const [line = '', ...headers] = head.split('\r\n');
  const [method = '', target = ''] = line.split(' ');
  const [path = '', rawQuery = ''] = splitOnce(target, '?');
  const own = Object.fromEntries(
    headers
      .map((header) => splitOnce(header, ':'))
      .map(([name = '', value = '']) => [name.toLowerCase(), value.trim()]),
  );
  return {
    method,
    path,
    query: new URLSearchParams(rawQuery),
    rawQuery,
    headers: { ...outer.headers, ...own },
    body: Buffer.from(body),
  };
}

function render({ status, headers, body }: Answer): string {
  const lines = Object.entries({ ...headers, 'content-length': String(body.length) }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`HTTP/1.1 ${status} Answer`, ...lines, '', body.toString('utf8')].join('\r\n');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
