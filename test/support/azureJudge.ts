import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { Azurite } from '../servers/azurite.ts';

export interface JudgeAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

interface Question {
  readonly method: string;
  readonly container?: string;
  /** A blob, by the bytes of its name. */
  readonly id?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Speaks to an account past the extension and without any library: requests are written, signed and read by hand here. */
export class AzureJudge {
  readonly access: Omit<Azurite, 'stop'>;
  readonly #agent: http.Agent;

  constructor(access: Omit<Azurite, 'stop'>, caFile?: string) {
    this.access = access;
    const options = { keepAlive: true, maxSockets: 16 };
    this.#agent =
      caFile === undefined ? new http.Agent(options) : new https.Agent({ ...options, ca: readFileSync(caFile) });
  }

  /** Asks and gives whatever was answered. https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key */
  ask({ method, container, id, query = {}, headers = {}, body = '' }: Question): Promise<JudgeAnswer> {
    const { account, accountKey } = this.access;
    const path = `/${account}/${container ?? ''}${id === undefined ? '' : `/${encodeName(id)}`}`;
    const length = method === 'GET' || method === 'HEAD' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent: Record<string, string> = {
      'x-ms-date': new Date().toUTCString(),
      'x-ms-version': '2021-12-02',
      ...length,
      ...headers,
    };
    const sorted = (entries: [string, string][]) => entries.sort(([a], [b]) => (a < b ? -1 : 1));
    const named = sorted(Object.entries(sent)).filter(([name]) => name.startsWith('x-ms-'));
    const signed = [
      ...[method, '', '', body === '' ? '' : Buffer.byteLength(body), '', sent['content-type'] ?? ''],
      ...['', '', sent['if-match'] ?? '', sent['if-none-match'] ?? '', '', ''],
      ...named.map(([name, value]) => `${name}:${value}`),
      `/${account}${path}`,
      ...sorted(Object.entries(query)).map(([name, value]) => `${name}:${value}`),
    ].join('\n');
    const signature = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(signed).digest('base64');
    const asked = new URLSearchParams(query).toString();
    const signedHeaders = { ...sent, authorization: `SharedKey ${account}:${signature}` };
    return this.#send(method, asked === '' ? path : `${path}?${asked}`, signedHeaders, body);
  }

  /** Opens a URL of this server as anyone could, byte for byte. */
  fetch(url: string, method = 'GET'): Promise<JudgeAnswer> {
    return this.#send(method, url.slice(this.access.origin.length), {}, '');
  }

  #send(method: string, path: string, headers: http.OutgoingHttpHeaders, body: string): Promise<JudgeAnswer> {
    const { hostname, port, protocol } = new URL(this.access.origin);
    return new Promise((resolve, reject) => {
      const request = (protocol === 'https:' ? https : http).request(
        { hostname, port, method, agent: this.#agent, path, headers },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** The same, and throws unless it was answered with success. */
  async demand(question: Question): Promise<JudgeAnswer> {
    const answer = await this.ask(question);
    if (answer.status < 300) return answer;
    throw new Error(`${question.method} ${question.container}/${question.id}: ${answer.status} ${answer.body}`);
  }

  async put(container: string, id: string, body: string): Promise<void> {
    const headers = { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'text/plain; charset=utf-8' };
    await this.demand({ method: 'PUT', container, id, headers, body });
  }

  /** The exact names of all blobs, or of all their snapshots. */
  async names(container: string, include?: 'snapshots'): Promise<string[]> {
    const names: string[] = [];
    let marker = '';
    do {
      const query = {
        restype: 'container',
        comp: 'list',
        ...(include ? { include } : {}),
        ...(marker ? { marker } : {}),
      };
      const { body } = await this.demand({ method: 'GET', container, query });
      const blobs = body.split('<Blob>').slice(1);
      const meant = blobs.filter((blob) => include === undefined || blob.includes('<Snapshot>'));
      names.push(...meant.map((blob) => decodeXml(/<Name>([^<]*)<\/Name>/.exec(blob)?.[1] ?? '')));
      marker = decodeXml(/<NextMarker>([^<]*)<\/NextMarker>/.exec(body)?.[1] ?? '');
    } while (marker !== '');
    return names;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A name as it stands in a path, by bytes. */
export function encodeName(name: string): string {
  const encoded = Array.from(Buffer.from(name, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~/]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return encoded.join('');
}

function decodeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return text.replace(/&(#x?)?(\w+);/g, (_, kind: string | undefined, code: string) =>
    kind === undefined ? (named[code] ?? '') : String.fromCodePoint(Number.parseInt(code, kind === '#x' ? 16 : 10)),
  );
}
