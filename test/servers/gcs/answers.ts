/** What the simulator answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request as it arrived, its path cut apart and decoded by bytes and not by a URL parser. */
export interface Request {
  readonly method: string;
  /** Still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly rawQuery: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export function json(status: number, value: unknown): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body };
}

export function xml(status: number, text: string): Answer {
  const body = Buffer.from(`<?xml version='1.0' encoding='UTF-8'?>${text}`);
  return { status, headers: { 'content-type': 'application/xml; charset=UTF-8' }, body };
}

export function empty(status: number): Answer {
  return { status, headers: {}, body: Buffer.alloc(0) };
}

/** https://cloud.google.com/storage/docs/json_api/v1/status-codes#error-response-format */
export function jsonError(status: number, reason: string, message: string): Answer {
  return json(status, { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } });
}

/** https://cloud.google.com/storage/docs/xml-api/reference-status */
export function xmlError(status: number, code: string, message: string): Answer {
  return xml(status, `<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error>`);
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A part of a path, percent-decoded byte by byte. */
export function decodePart(part: string): string {
  const bytes = part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
