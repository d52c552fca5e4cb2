import { StorageError } from '../../core/errors.ts';

/**
 * An XML document, when it is whole and of the kind that was asked for: a page that was cut off, or one without its list,
 * is an error and no short listing. Names and markers are handed on percent-encoded, since the library's reader of XML
 * leaves `&#10;` undecoded and takes a carriage return for a line feed.
 */
export function wholeDocument(text: string, root: string): string {
  const document = text.replace(/^\ufeff/, '').trim();
  const begins = new RegExp(`^(<\\?xml[^>]*\\?>\\s*)?<${root}[\\s>]`).test(document);
  if (!begins || !document.endsWith(`</${root}>`)) throw notWhole();
  if (root !== 'EnumerationResults') return document;
  if (!/<(Blobs|Containers)\s*\/>|<\/(Blobs|Containers)>/.test(document)) throw notWhole();
  if (/<Containers\b/.test(document)) return document;
  return (
    document
      // By this a hierarchical account tells what was deleted; the library knows only the word for what others keep.
      .replace(/<DeletionId>([^<]*)<\/DeletionId>/g, '<VersionId>$1</VersionId>')
      .replace(directory, '$1</Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>')
      .replace(/<Name>([^<]*)<\/Name>/g, (_, name: string) => `<Name Encoded="true">${carry(name)}</Name>`)
      .replace(/<NextMarker>([^<]*)<\/NextMarker>/g, (_, marker: string) => `<NextMarker>${carry(marker)}</NextMarker>`)
  );
}

/** A folder that exists by itself; the library knows only the mark that older programs leave on one. */
const directory = /<ResourceType>directory<\/ResourceType>((?:(?!<\/Blob>).)*?)<\/Properties>/gs;

/** The marker of a page as the server wrote it. */
export function readMarker(marker: string | undefined): string | undefined {
  return marker === undefined || marker === '' ? undefined : decodeURIComponent(marker);
}

/** Answers to the parts of a batch, one for each and in their order; or the one refusal that speaks of them all. */
export type Replies =
  | { readonly type: string; readonly body: string }
  | { readonly refusal: string; readonly status: number; readonly code: string | undefined };

/** What stands in place of a reply that never came, or of two that contradict each other. */
export const unansweredCode = 'NotMentioned';

/**
 * The replies to a batch, by the Content-ID that each names: order, number and names in them prove nothing. What is not
 * mentioned, or mentioned twice, is handed on as failed, where the library would refuse the whole.
 * https://learn.microsoft.com/rest/api/storageservices/blob-batch
 */
export function wholeBatch(contentType: string, text: string, parts: number): Replies {
  const boundary = /^multipart\/mixed\s*;.*?\bboundary="?([^";]+)"?/i.exec(contentType)?.[1];
  const sections = boundary === undefined ? [] : `\r\n${text}`.split(`\n--${boundary}`);
  if (!sections.at(-1)?.startsWith('--')) throw notWhole();
  const replies = sections.slice(1, -1).map(readReply);
  const [only] = replies;
  if (replies.length === 1 && only && only.id === undefined && only.status >= 400) {
    return { refusal: `${only.status} · ${only.code ?? ''}`, status: only.status, code: only.code };
  }
  const said = new Map<number | undefined, Reply>();
  for (const reply of replies) said.set(reply.id, said.has(reply.id) ? unanswered : reply);
  const written = Array.from({ length: parts }, (_, id) => writeReply(id, said.get(id) ?? unanswered));
  return { type: 'multipart/mixed; boundary=replies', body: `${written.join('')}--replies--\r\n` };
}

interface Reply {
  readonly id?: number | undefined;
  readonly status: number;
  readonly code?: string | undefined;
}

const unanswered: Reply = { status: 500, code: unansweredCode };

function readReply(section: string): Reply {
  const [, head = '', status, rest = ''] = /^(.*?)\r?\nHTTP\/1\.[01] (\d{3})\b(.*)$/s.exec(section) ?? [];
  const id = /^content-id:[ \t]*(\d+)[ \t]*\r?$/im.exec(head)?.[1];
  const code = /^x-ms-error-code:[ \t]*(\S+)/im.exec(rest)?.[1] ?? /<Code>([^<]+)<\/Code>/.exec(rest)?.[1];
  return { id: id === undefined ? undefined : Number(id), status: Number(status ?? 0), code };
}

function writeReply(id: number, { status, code }: Reply): string {
  const said = code === undefined ? [] : [`x-ms-error-code: ${code}`];
  const lines = ['--replies', 'Content-Type: application/http', `Content-ID: ${id}`, '', `HTTP/1.1 ${status} Status`];
  return `${[...lines, ...said, '', ''].join('\r\n')}`;
}

function carry(text: string): string {
  const exact = text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_, decimal, hex, name: string) => {
    if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return entities[name] ?? incompleteName();
  });
  return exact.isWellFormed() ? encodeURIComponent(exact) : incompleteName();
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function incompleteName(): never {
  throw new StorageError('unexpected', 'The server listed a name that can not be decoded.');
}

/** For an answer that ended early, or that is none of the service's own. */
export function notWhole(): StorageError {
  return new StorageError('unexpected', "The server's answer was cut off or is none of Azure Blob Storage.", {
    retryable: true,
    hint: 'Check that the endpoint is the one of a storage account, and try again.',
  });
}
