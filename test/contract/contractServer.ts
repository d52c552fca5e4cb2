import type { Draft } from '../../src/core/fields.ts';
import type { Entry } from '../../src/core/storageClient.ts';
import type { Fault, FaultProxyOptions, RecordedRequest } from '../servers/faultProxy.ts';

/** What a provider's `<provider>.server.ts` exports as `contractServers`: what runs here for a suite, and what is missing for the rest. */
export type ContractServers = (suite: string) => Promise<{
  readonly servers: readonly ContractServer[];
  readonly missing: readonly string[];
}>;

/** A server that one provider is tested against, and a way around the provider to prepare and to judge. */
export interface ContractServer {
  readonly name: string;
  /** The titles of the suites that run against it, of a slow one; all by default. */
  readonly suites?: readonly string[];
  /** The titles of those that don't, since they would ask the same server again what doesn't depend on the way to it. */
  readonly spared?: readonly string[];
  /** `scheme://host:port`. */
  readonly origin: string;
  /** Set where requests can't be read and broken on their way: the wire is not HTTP. Then `opaqueWire` stands for what speaks of requests. */
  readonly opaque?: true;
  /** The authority of its certificate, when it has one. */
  readonly caFile?: string;
  /** Of a provider that speaks TLS alone and takes no CA bundle: what stands in front of the server shows this certificate, and the machine trusts its authority. */
  readonly frontCertificate?: Certificate;
  /** Certificates for a server in front of it that must be refused, when it speaks TLS. */
  readonly badCertificates?: Readonly<Record<'selfSigned' | 'wrongHost' | 'expired', Certificate>>;
  /** The path, as it stands in a request without its query, of one object, and with '' of what lists a container. */
  target(container: string, id: string): string;
  /** The ids that a recorded request deletes, whatever its form: alone or in a batch. Read by a parser that is not the client's. */
  deletedBy(request: RecordedRequest): readonly string[];
  /** The line of the request that does this with one object, where `target` doesn't say it: names may stand in a query or a body. */
  readonly lineFor?: (doing: Doing, container: string, id: string) => string;
  /** A recorded request as such a line. */
  readonly lineOf?: (request: RecordedRequest) => string;
  /** What a proxy in front of it has to know. */
  readonly proxy?: Partial<FaultProxyOptions>;
  /** Whether what is deleted from a new container can be brought back; 'no' unless said otherwise. */
  readonly recoverable?: 'yes' | 'unknown';
  /** How many requests a full batch takes, and one that is conditional; one unless said otherwise. */
  readonly requestsPerBatch?: (targets: number, conditional: boolean) => number;
  /** Where tokens are got, on another server: `http://host:port`. A proxy sees requests to it too. */
  readonly signInOrigin?: string;
  /** The names that the provider refuses before any call, beside those that UTF-8 can't carry. */
  readonly refused?: ReadonlySet<string>;
  /** The names that the server itself can't hold, beside those that it refuses to take. */
  readonly unstorable?: ReadonlySet<string>;
  readonly faults: {
    /** The answer that asks to slow down. */
    readonly slowDown: Fault;
    /** A page of a listing, changed so that it says it goes on at the same place for ever. */
    readonly endless: (page: Buffer) => Buffer;
  };
  /** Of a tree of files: the path of a container, which is a folder there, and of what is in it. */
  readonly pathOf?: (container: string, id: string) => string;
  /** Of a tree whose paths are not written as a person reads them: its entries, by container and name, and the name in such a path. */
  readonly webTree?: {
    readonly entryOf: (kind: 'folder' | 'object', container: string, name: string) => Entry;
    readonly nameOf: (path: string) => string;
  };
  /** Set where an answer to a deletion is its status alone, so that there is nothing of it to be lost in part. */
  readonly bodiless?: true;
  /** A form filled in right, for this server or for what stands in front of it. */
  draft(origin: string): Draft;
  /** What to change in a draft. */
  readonly changes: {
    readonly wrongSecret: Draft;
    readonly unknownAccount: Draft;
    readonly unverified: Draft;
    readonly trust: (caBundle: string) => Draft;
    readonly only: (container: string, origin?: string) => Draft;
  };
  /** The texts that must not stand in any error. */
  readonly secrets: readonly string[];
  /** An empty container. */
  createContainer(): Promise<string>;
  removeContainer(container: string): Promise<void>;
  put(container: string, id: string, body?: string): Promise<void>;
  /** The exact ids of all objects, sorted by their UTF-8 bytes. */
  ids(container: string): Promise<readonly string[]>;
  /** From now on deleting these is refused to everyone; absent where a server can't single out. */
  refuseDeletion?(container: string, ids: readonly string[]): Promise<void>;
  /** From now on these are locked against deletion; absent where a server knows no locks, or only has them in containers made for it. */
  lock?(container: string, ids: readonly string[]): Promise<void>;
  /** A good draft of an account that may not list the container. */
  strangerTo(container: string): Promise<Draft>;
  /** Removes what a test has left, of a server that grows slow with what it holds. */
  cleanUp?(): Promise<void>;
  /** Ends what was started for this file of tests alone. */
  stop?(): Promise<void>;
}

/** What one request does with one object. */
export type Doing = 'delete' | 'read' | 'describe';

/** A certificate and its key, as PEM files. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** What a server has in place of requests that can be read. */
export const opaqueWire = {
  opaque: true,
  target: notHttp,
  deletedBy: notHttp,
  faults: { slowDown: { kind: 'reset-before' }, endless: notHttp },
} as const;

function notHttp(): never {
  throw new Error('There are no requests to be read: the wire is not HTTP.');
}
