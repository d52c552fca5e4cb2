import { StorageError } from '../../core/errors.ts';
import type { Place } from '../../core/storageClient.ts';
import type { Subject } from '../_shared/errorRows.ts';
import type { ExactRequest } from '../_shared/exactRequest.ts';
import { repeated } from '../_shared/repeated.ts';
import { detailOf, unexpectedAnswer, webRefusal } from '../_shared/webErrors.ts';
import { partsOf, readable } from '../_shared/webPaths.ts';
import type { WebServer, WholeAnswer } from '../_shared/webServer.ts';
import { type DavResource, type Property, parseMultistatus, propfindBody } from './multistatus.ts';

/** Which server it is, where that makes a difference. */
export type Service = 'nextcloud' | 'owncloud' | 'sharepoint' | 'other';

export interface DavOptions {
  /** The path where the credential begins, which ends with a slash. */
  readonly base: string;
  readonly service: Service;
  /** '' with a token. */
  readonly username: string;
}

/** A WebDAV server as opened: its questions, and what was learned of it. */
export class DavConnection {
  readonly web: WebServer;
  readonly options: DavOptions;
  /** Whether it has answered as a WebDAV server does. */
  seen = false;
  /** Whether it takes the tag of a folder as a condition, as far as is known. */
  folderConditions: boolean;

  constructor(web: WebServer, options: DavOptions) {
    this.web = web;
    this.options = options;
    // SabreDAV, which both are built on, holds that only files have tags.
    this.folderConditions = options.service !== 'nextcloud' && options.service !== 'owncloud';
  }

  /** What the server says of a path, and with depth 1 of what is directly in it; asked again when it fails in passing. */
  propfind(
    path: string,
    depth: 0 | 1,
    properties: readonly Property[],
    signal: AbortSignal,
  ): Promise<readonly DavResource[]> {
    const request = {
      method: 'PROPFIND',
      target: path,
      headers: { depth: String(depth), 'content-type': 'application/xml; charset=utf-8' },
      body: propfindBody(properties),
    };
    return repeated(async () => {
      const answer = await this.web.ask(request, signal);
      if (answer.status !== 207) throw this.refusal(answer, path);
      return this.multistatus(answer, path);
    }, signal);
  }

  /** The resources of an answer with status 207; one that was cut off or is no such document is an error and never a short list. */
  multistatus({ body }: WholeAnswer, path: string): readonly DavResource[] {
    const resources = parseMultistatus(body, this.web.url);
    if (!resources) throw unexpectedAnswer(this.subject(path), detailOf(207, body), true);
    this.seen = true;
    return resources;
  }

  ask(request: ExactRequest, signal: AbortSignal): Promise<WholeAnswer> {
    return this.web.ask(request, signal);
  }

  refusal(answer: WholeAnswer, path: string): StorageError {
    return webRefusal(answer, this.subject(path));
  }

  subject(path: string): Subject {
    return { server: this.web.url, id: readable(path) };
  }
}

/** The path that a place stands for. */
export function folderOf({ options }: DavConnection, at: Place): string {
  if (at.kind === 'root') return options.base;
  if (at.kind === 'folder' && at.container === undefined && at.id.endsWith('/') && partsOf(at.id)) return at.id;
  throw new StorageError('unsupported', 'WebDAV has folders and no containers.');
}
