import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { SwiftUser } from '../servers/swift.ts';

/** What a test asks of a Swift around the provider. */
export interface SwiftQuestion {
  readonly method?: string;
  readonly container?: string;
  readonly id?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SwiftAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Speaks to one account of a Swift, by requests that are written here and by no code that is tested. */
export class SwiftJudge {
  readonly endpoint: string;
  readonly account: string;
  readonly #signIn: () => Promise<string>;
  #token: Promise<string> | undefined;

  /** @param account the path of the account, such as /v1/AUTH_test */
  constructor(endpoint: string, account: string, signIn: () => Promise<string>) {
    this.endpoint = endpoint;
    this.account = account;
    this.#signIn = signIn;
  }

  async ask(question: SwiftQuestion): Promise<SwiftAnswer> {
    this.#token ??= this.#signIn();
    const answer = await this.#send(question, await this.#token);
    if (answer.status !== 401) return answer;
    this.#token = this.#signIn();
    return await this.#send(question, await this.#token);
  }

  /** The same, where anything but success fails the test. */
  async demand(question: SwiftQuestion): Promise<SwiftAnswer> {
    const answer = await this.ask(question);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Error(`${question.method} ${question.container}/${question.id}: ${answer.status} ${answer.text}`);
  }

  async put(container: string, id: string, body = 'x', headers: Record<string, string> = {}): Promise<void> {
    await this.demand({ method: 'PUT', container, id, body, headers });
  }

  /** All names in a container, as they are. */
  async names(container: string, query: Readonly<Record<string, string>> = {}): Promise<string[]> {
    return (await this.rows(container, query)).map(({ name }) => name);
  }

  async rows(
    container: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<readonly { readonly name: string; readonly version_id?: string }[]> {
    const { text } = await this.demand({ method: 'GET', container, query: { ...query, format: 'json' } });
    return JSON.parse(text);
  }

  /** Deletes a container with all that is in it, versions too. */
  async clear(container: string): Promise<void> {
    for (const { name } of await this.rows(container).catch(() => [])) {
      await this.ask({ method: 'DELETE', container, id: name });
    }
    const versioned = await this.rows(container, { versions: 'true' }).catch(() => []);
    for (const { name, version_id: id } of versioned) {
      await this.ask({ method: 'DELETE', container, id: name, query: id === undefined ? {} : { 'version-id': id } });
    }
    await this.ask({ method: 'DELETE', container });
  }

  #send({ method = 'GET', container, id, query = {}, headers = {}, body }: SwiftQuestion, token: string) {
    const path = [this.account, ...[container, id].filter((part) => part !== undefined).map(encoded)].join('/');
    const parameters = Object.entries(query).map(([name, value]) => (value ? `${name}=${encoded(value)}` : name));
    const url = new URL(this.endpoint);
    const send = url.protocol === 'https:' ? secureRequest : plainRequest;
    return new Promise<SwiftAnswer>((resolve, reject) => {
      const request = send(
        {
          hostname: url.hostname,
          port: url.port,
          method,
          path: parameters.length > 0 ? `${path}?${parameters.join('&')}` : path,
          headers: { ...headers, 'x-auth-token': token, 'content-length': Buffer.byteLength(body ?? '') },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text: Buffer.concat(chunks).toString('utf8'),
            });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }
}

/** Gets a token of TempAuth. */
export async function tempAuthToken(endpoint: string, user: SwiftUser): Promise<string> {
  const answer = await fetch(`${endpoint}/auth/v1.0`, {
    headers: { 'x-auth-user': user.accessKeyId, 'x-auth-key': user.secretAccessKey },
  });
  return answer.headers.get('x-auth-token') ?? '';
}

/** By bytes, the slash too. */
function encoded(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~/]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
