import { Client, FTPContext } from 'basic-ftp';
import { timeLimits } from '../_shared/http.ts';

/** A listing that is longer is given up. */
const maxListingBytes = 512 * 1024 * 1024;

/** Replies are short: a line that is longer is none. */
const longestLine = 64 * 1024;

/** A client of basic-ftp that reads replies whole, wherever the network cuts them. */
export function createFtpClient(): Client {
  return new WholeLineClient(timeLimits.idle, { maxListingBytes });
}

class WholeLineClient extends Client {
  override readonly ftp = new WholeLineContext(timeLimits.idle);
}

/** Without it, a line that comes in two pieces is lost, or its second piece taken for a reply of its own. */
class WholeLineContext extends FTPContext {
  #begun = '';
  /** What came before a connection was encrypted may be anybody's: it is never the beginning of what comes after. */
  #socket: unknown;

  protected override _onControlSocketData(chunk: string): void {
    const text = this.socket === this.#socket ? this.#begun + chunk : chunk;
    const end = text.lastIndexOf('\n') + 1;
    this.#socket = this.socket;
    this.#begun = text.slice(end);
    if (this.#begun.length > longestLine) this.closeWithError(new Error('A reply of the server does not end.'));
    else if (end > 0) super._onControlSocketData(text.slice(0, end));
  }
}
