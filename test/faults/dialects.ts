import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Contract } from '../contract/contractSuite.ts';
import { deleteSome } from '../oracle/s3Faults.ts';
import type { Answer, Fault } from '../servers/faultProxy.ts';

/** Why a server refuses. */
export type Reason = 'trouble' | 'busy' | 'changed' | 'forbidden' | 'locked' | 'expired' | 'skew';

/** How one kind of server says things. */
export interface Dialect {
  /** A whole refusal. */
  refusal(reason: Reason): Fault;
  /** An answer that says that all is well, with an error in it. */
  goodWithError(): Fault;
  /** A request for several of which these are refused; absent where each is a request of its own. */
  partly?(contract: Contract, refused: ReadonlySet<string>, reason: Reason): Fault;
  /** A page in which everything stands twice. */
  doubled(page: Buffer): Buffer;
}

const statusOf: Readonly<Record<Reason, number>> = {
  trouble: 500,
  busy: 503,
  changed: 412,
  forbidden: 403,
  locked: 423,
  expired: 401,
  skew: 403,
};

const s3Codes: Readonly<Record<Reason, string>> = {
  trouble: 'InternalError',
  busy: 'SlowDown',
  changed: 'PreconditionFailed',
  forbidden: 'AccessDenied',
  locked: 'ObjectLocked',
  expired: 'ExpiredToken',
  skew: 'RequestTimeTooSkewed',
};

const s3: Dialect = {
  refusal: (reason) => ({
    kind: 'status',
    status: reason === 'expired' ? 400 : statusOf[reason],
    body: xmlError(s3Codes[reason]),
  }),
  goodWithError: () => ({ kind: 'status', status: 200, body: xmlError('InternalError') }),
  partly: ({ server }, refused, reason) => {
    const { judge } = server as unknown as { judge: S3Client };
    return { kind: 'answer', by: (request) => deleteSome(judge, request, (key) => refused.has(key), s3Codes[reason]) };
  },
  doubled: (page) => twice(page, /<Contents>[\s\S]*?<\/Contents>/g),
};

const gcsReasons: Readonly<Record<Reason, string>> = {
  trouble: 'internalError',
  busy: 'rateLimitExceeded',
  changed: 'conditionNotMet',
  forbidden: 'forbidden',
  locked: 'objectUnderActiveHold',
  expired: 'authError',
  skew: 'authError',
};

const gcs: Dialect = {
  refusal: (reason) => ({
    kind: 'status',
    status: statusOf[reason],
    headers: { 'content-type': 'application/json' },
    body: gcsError(reason),
  }),
  goodWithError: () => ({ kind: 'status', status: 200, body: xmlError('InternalError') }),
  partly: (_contract, refused, reason) => ({
    kind: 'answer',
    by: async ({ body = '' }, forward) => {
      const kept = body.replace(/<Object>.*?<\/Object>/gs, (object) => (refused.has(keyIn(object)) ? '' : object));
      const keys = [...body.matchAll(/<Object>.*?<\/Object>/gs)].map(([object]) => keyIn(object));
      const errors = keys
        .filter((key) => refused.has(key))
        .map((key) => `<Error><Key>${key}</Key><Code>${s3Codes[reason]}</Code><Message>Injected</Message></Error>`);
      if (errors.length === keys.length) return deleteResult(errors);
      const md5 = createHash('md5').update(kept).digest('base64');
      const answer = await forward({ body: kept, headers: { 'content-md5': md5 } });
      return withBody(
        answer,
        answer.body.toString('utf8').replace('</DeleteResult>', `${errors.join('')}</DeleteResult>`),
      );
    },
  }),
  doubled: (page) => {
    const listed = JSON.parse(page.toString('utf8')) as { items?: unknown[] };
    return Buffer.from(JSON.stringify({ ...listed, items: listed.items?.flatMap((item) => [item, item]) }));
  },
};

const azureCodes: Readonly<Record<Reason, string>> = {
  trouble: 'InternalError',
  busy: 'ServerBusy',
  changed: 'ConditionNotMet',
  forbidden: 'AuthorizationPermissionMismatch',
  locked: 'LeaseIdMissing',
  expired: 'AuthenticationFailed',
  skew: 'AuthenticationFailed',
};

const azureBlob: Dialect = {
  refusal: (reason) => ({
    kind: 'status',
    status: reason === 'expired' ? 403 : statusOf[reason],
    headers: { 'x-ms-error-code': azureCodes[reason], 'x-ms-request-id': 'of-a-fault' },
    body: xmlError(azureCodes[reason]),
  }),
  goodWithError: () => ({
    kind: 'status',
    status: 202,
    headers: { 'x-ms-request-id': 'of-a-fault' },
    body: xmlError('InternalError'),
  }),
  // Each part is signed by itself: one whose signature is spoiled is refused by the server, in words that are changed here.
  partly: (_contract, refused, reason) => ({
    kind: 'answer',
    by: async ({ body = '' }, forward) => {
      const spoiled = body
        .split(/(?=--batch_)/)
        .map((part) => ([...refused].some((name) => part.includes(`/${name} HTTP/1.1`)) ? spoilSignature(part) : part));
      const answer = await forward({ body: spoiled.join('') });
      const text = answer.body.toString('utf8').replace(/HTTP\/1\.1 403[\s\S]*?(?=\r?\n--)/g, () => {
        return `HTTP/1.1 ${statusOf[reason]} Refused\r\nx-ms-error-code: ${azureCodes[reason]}\r\n`;
      });
      return withBody(answer, text);
    },
  }),
  doubled: (page) => twice(page, /<Blob>[\s\S]*?<\/Blob>/g),
};

const b2Codes: Readonly<Record<Reason, string>> = {
  trouble: 'internal_error',
  busy: 'service_unavailable',
  changed: 'conflict',
  forbidden: 'access_denied',
  locked: 'access_denied',
  expired: 'expired_auth_token',
  skew: 'bad_request',
};

const b2: Dialect = {
  refusal: (reason) => {
    const status = reason === 'changed' ? 409 : statusOf[reason];
    return { kind: 'status', status, body: JSON.stringify({ status, code: b2Codes[reason], message: 'Injected' }) };
  },
  goodWithError: () => ({
    kind: 'status',
    status: 200,
    body: JSON.stringify({ status: 500, code: 'internal_error', message: 'Injected' }),
  }),
  doubled: (page) => {
    const listed = JSON.parse(page.toString('utf8')) as { files?: unknown[] };
    return Buffer.from(JSON.stringify({ ...listed, files: listed.files?.flatMap((file) => [file, file]) }));
  },
};

const swift: Dialect = {
  refusal: (reason) => ({
    kind: 'status',
    status: reason === 'changed' ? 409 : statusOf[reason],
    headers: { 'x-trans-id': 'of-a-fault', 'x-openstack-request-id': 'of-a-fault' },
  }),
  goodWithError: () => ({
    kind: 'status',
    status: 200,
    headers: { 'x-trans-id': 'of-a-fault', 'content-type': 'application/json' },
    body: bulkReport({
      'Response Status': '500 Internal Error',
      Errors: [],
      'Number Deleted': 0,
      'Number Not Found': 0,
    }),
  }),
  partly: (_contract, refused, reason) => ({
    kind: 'answer',
    by: async ({ body = '' }, forward) => {
      const lines = body.split('\n').filter((line) => line !== '');
      const isRefused = (line: string) => refused.has(line.replace(/^\/[^/]*\//, ''));
      const kept = lines.filter((line) => !isRefused(line));
      const status = reason === 'changed' ? '409 Conflict' : `${statusOf[reason]} Refused`;
      const answer = await forward({ body: kept.map((line) => `${line}\n`).join('') });
      const report = JSON.parse(answer.body.toString('utf8')) as { Errors: unknown[] };
      const errors = lines.filter(isRefused).map((line) => [line, status]);
      const whole = errors.length > 0 ? { 'Response Status': '400 Bad Request' } : {};
      return withBody(answer, bulkReport({ ...report, ...whole, Errors: [...report.Errors, ...errors] }));
    },
  }),
  doubled: (page) => {
    const listed = JSON.parse(page.toString('utf8')) as unknown;
    return Array.isArray(listed) ? Buffer.from(JSON.stringify(listed.flatMap((row) => [row, row]))) : page;
  },
};

const webdav: Dialect = {
  refusal: (reason) => ({
    kind: 'status',
    status: statusOf[reason],
    headers: reason === 'expired' ? { 'www-authenticate': 'Basic realm="files"' } : {},
  }),
  goodWithError: () => ({ kind: 'status', status: 200, body: '<error>It did not work.</error>' }),
  doubled: (page) => twice(page, /<D:response[\s\S]*?<\/D:response>/g),
};

export const dialects = { s3, gcs, azureBlob, b2, swift, webdav } satisfies Record<string, Dialect>;

function xmlError(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Injected</Message></Error>`;
}

function gcsError(reason: Reason): string {
  const error = { code: statusOf[reason], message: 'Injected', errors: [{ reason: gcsReasons[reason] }] };
  return JSON.stringify({ error });
}

function keyIn(object: string): string {
  return /<Key>(.*?)<\/Key>/s.exec(object)?.[1] ?? '';
}

function deleteResult(lines: readonly string[]): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><DeleteResult>${lines.join('')}</DeleteResult>`);
  return { status: 200, headers: ['Content-Type', 'application/xml'], body };
}

function withBody(answer: Answer, text: string): Answer {
  return { ...answer, body: Buffer.from(text) };
}

/** Of the same length, since the length is signed. */
function spoilSignature(part: string): string {
  return part.replace(/(authorization: SharedKey [^:]+:)(.)/i, (_, head: string, first: string) => {
    return `${head}${first === 'A' ? 'B' : 'A'}`;
  });
}

function bulkReport(report: object): string {
  return JSON.stringify(report);
}

function twice(page: Buffer, each: RegExp): Buffer {
  return Buffer.from(page.toString('utf8').replace(each, (element) => element + element));
}
