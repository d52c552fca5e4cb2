import type {
  DeleteObjectsCommandInput,
  ObjectIdentifier,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import type { SerializeMiddleware } from '@smithy/types';

type Serialize = SerializeMiddleware<ServiceInputTypes, ServiceOutputTypes>;

/** The lists of commands that are being written. */
const taken = new WeakMap<object, readonly ObjectIdentifier[]>();

/** What is written here of an object; a list that says more of one is the SDK's to write. */
const written: ReadonlySet<string> = new Set(['Key', 'VersionId', 'ETag'] satisfies (keyof ObjectIdentifier)[]);

/** Takes the list out of a DeleteObjects before the SDK writes it: it would make several objects for each key. */
export const withoutList: Serialize = (next, context) => (args) => {
  const input = args.input as Partial<DeleteObjectsCommandInput>;
  if (context.commandName !== 'DeleteObjectsCommand' || !input.Delete?.Objects) return next(args);
  if (input.Delete.Quiet !== false || !input.Delete.Objects.every(saysNoMore)) return next(args);
  const emptied = { ...input, Delete: { ...input.Delete, Objects: [] } };
  taken.set(emptied, input.Delete.Objects);
  return next({ ...args, input: emptied as ServiceInputTypes });
};

/** Writes the list of a DeleteObjects as the SDK would have, into the request that it made. */
export const withList: Serialize = (next) => (args) => {
  const objects = taken.get(args.input);
  const request = args.request as { body?: unknown };
  if (objects) request.body = bodyOf(objects);
  return next(args);
};

function saysNoMore(object: ObjectIdentifier): boolean {
  for (const name in object) if (!written.has(name)) return false;
  return true;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
function bodyOf(objects: readonly ObjectIdentifier[]): string {
  let body = '<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">';
  for (const { Key, VersionId, ETag } of objects) {
    body += `<Object>${element('Key', Key)}${element('VersionId', VersionId)}${element('ETag', ETag)}</Object>`;
  }
  return `${body}<Quiet>false</Quiet></Delete>`;
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeText(text)}</${name}>`;
}

const special = /[&<>"'\r\n\u0085\u2028]/;
const everySpecial = new RegExp(special, 'g');

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#x0D;',
  '\n': '&#x0A;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
};

function escapeText(text: string): string {
  if (!special.test(text)) return text;
  return text.replace(everySpecial, (character) => escapes[character] ?? character);
}
