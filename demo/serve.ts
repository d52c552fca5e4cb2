import { createInterface } from 'node:readline';
import { createObject } from './s3Objects.ts';
import { renderRefusal, type S3Answer, S3Refusal, type S3Request } from './s3Protocol.ts';
import { type MemoryS3, type MemoryS3Options, startMemoryS3 } from './s3Server.ts';
import { fillSampleData, undeletableSamples } from './sampleData.ts';

/** The first line on standard input, as JSON: how the server behaves, keys included, which is why it is no argument. */
export type ServeConfig = Omit<MemoryS3Options, 'intercept'> & {
  readonly sampleData?: boolean;
  /** One of so many deletes is refused, evenly spread: a server that fails in passing. */
  readonly refuseOneOf?: number;
};

/** Every further line: a question or an order, answered by one line. */
export type ServeCommand =
  | { readonly command: 'seed'; readonly bucket: string; readonly prefix: string; readonly count: number }
  | { readonly command: 'counts'; readonly bucket: string }
  | { readonly command: 'reset-counts' };

// Runs the memory S3 server by itself until its standard input ends.
const lines = createInterface({ input: process.stdin });
let server: MemoryS3 | undefined;
for await (const line of lines) {
  if (server === undefined) {
    server = await start(JSON.parse(line) as ServeConfig);
    print({ endpoint: server.endpoint });
  } else {
    print(obey(server, JSON.parse(line) as ServeCommand));
  }
}
await server?.stop();

async function start({ sampleData, refuseOneOf, ...options }: ServeConfig): Promise<MemoryS3> {
  if (refuseOneOf !== undefined) return startMemoryS3({ ...options, intercept: refuseDeletes(refuseOneOf) });
  if (!sampleData) return startMemoryS3(options);
  const started = await startMemoryS3({ undeletable: undeletableSamples, ...options });
  fillSampleData(started);
  return started;
}

function obey(server: MemoryS3, order: ServeCommand): object {
  if (order.command === 'seed') {
    // One object stands under all keys: a million of them cost little more than their names.
    const object = createObject(Buffer.from('x'));
    for (let n = 0; n < order.count; n++) {
      server.put(order.bucket, `${order.prefix}${String(n).padStart(7, '0')}`, object);
    }
  }
  if (order.command === 'reset-counts') server.resetCounts();
  if (order.command !== 'counts') return { done: order.command };
  return {
    requests: server.requestCounts(),
    lastRequestAt: server.lastRequestAt(),
    objects: server.countObjects(order.bucket),
  };
}

function refuseDeletes(oneOf: number): (request: S3Request) => S3Answer | undefined {
  let deletes = 0;
  return ({ method, rawPath }) => {
    if ((method !== 'POST' && method !== 'DELETE') || ++deletes % oneOf !== 0) return undefined;
    const refusal = new S3Refusal(503, 'SlowDown', 'Please reduce your request rate.');
    const headers = { 'content-type': 'application/xml' };
    return { status: refusal.status, headers, body: renderRefusal(refusal, rawPath, 'refused') };
  };
}

function print(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
