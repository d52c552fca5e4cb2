import type { Agent } from 'node:http';
import { collectBody, type ExactAnswer, type ExactRequest, sendExactly } from './exactRequest.ts';
import { HttpSignIn, type Signer } from './httpSignIn.ts';

/** An answer that is read whole. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One web server as one user: each request goes out byte for byte and to no other server, redirects are not followed. */
export class WebServer {
  /** Its origin. */
  readonly url: URL;
  readonly agent: Agent;
  readonly #signIn: HttpSignIn;

  constructor(url: URL, agent: Agent, signer: Signer) {
    this.url = url;
    this.agent = agent;
    this.#signIn = new HttpSignIn(signer);
  }

  /** The answer, whatever its status. Sent once, but once more when the server asked to sign in: then nothing was done. */
  async send(request: ExactRequest, signal: AbortSignal): Promise<ExactAnswer> {
    const signature = this.#signIn.headers(request);
    const answer = await this.#sendSigned(request, signature, signal);
    if (answer.status !== 401) return answer;
    if (!this.#signIn.challenged(answer.headers['www-authenticate'], signature)) return answer;
    await collectBody(answer, this.url, signal);
    return await this.#sendSigned(request, this.#signIn.headers(request), signal);
  }

  /** The same with its body. */
  async ask(request: ExactRequest, signal: AbortSignal): Promise<WholeAnswer> {
    const answer = await this.send(request, signal);
    return { status: answer.status, headers: answer.headers, body: await collectBody(answer, this.url, signal) };
  }

  close(): void {
    this.agent.destroy();
  }

  #sendSigned(request: ExactRequest, signature: Readonly<Record<string, string>>, signal: AbortSignal) {
    return sendExactly(this.url, this.agent, { ...request, headers: { ...request.headers, ...signature } }, signal);
  }
}
