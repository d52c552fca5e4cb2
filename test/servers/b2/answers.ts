/** What the simulator answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request as it arrived, its path still encoded. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Scheme and host that the client spoke to. */
  readonly origin: string;
}

/** A failure in B2's words. https://www.backblaze.com/docs/cloud-storage-native-api-error-handling-and-status-codes */
export class B2Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function json(status: number, value: unknown): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json;charset=UTF-8' }, body };
}

export function refusalAnswer({ status, code, message }: B2Refusal): Answer {
  return json(status, { status, code, message });
}

/** Part of a path or a header, percent-decoded byte by byte; a plus sign stands for a space. */
export function decodePart(part: string): string {
  const bytes = part
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A name as it stands in a header of an answer. */
export function encodePart(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/').replaceAll('%20', '+');
}
