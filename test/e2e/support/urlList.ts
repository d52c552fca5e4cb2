import type { Azure, Cloud, Google } from './clouds.ts';

/** One line of a list of URLs, and what must become of it. */
export interface ExpectedLine {
  readonly line: number;
  readonly text: string;
  /** As the report says the URL. */
  readonly url: string;
  readonly outcome: string;
  readonly reason: string | RegExp;
  readonly object?: ExpectedObject;
}

/** Where a line leads. */
export interface ExpectedObject {
  readonly cloud: Cloud;
  readonly id: string;
  /** Undefined for what isn't there. */
  readonly bytes?: number;
}

/** A list of URLs over three clouds, with what must become of each, and what must be left at the servers. */
export interface UrlList {
  readonly text: string;
  readonly lines: readonly ExpectedLine[];
  /** Every name that a container begins with. */
  stored(cloud: Cloud): readonly string[];
  /** Those that must be left in it. */
  kept(cloud: Cloud): readonly string[];
}

export interface Clouds {
  readonly ceph: Cloud & { readonly host: string };
  readonly google: Google;
  readonly azure: Azure;
}

/** Objects in a row of each cloud. */
const rounds = 900;

/** Fills the servers and writes the list: URLs of all clouds in turn, among them what can't be deleted for every reason there is. */
export async function writeUrlList(clouds: Clouds): Promise<UrlList> {
  const list = new List();
  for (let round = 0; round < rounds; round++) addRound(list, clouds, round);
  await list.fill();
  for (const id of list.held) clouds.google.hold(id);
  for (const id of list.forbidden) clouds.google.forbid(id);
  for (const id of list.leased) await clouds.azure.lease(id);
  return list;
}

function addRound(list: List, { ceph, google, azure }: Clouds, round: number): void {
  const every = [ceph, google, azure];
  const run = `runs/${String(round).padStart(4, '0')}`;
  for (const cloud of every) {
    const id = round % 10 === 3 || round % 10 === 4 ? `${run}/epoch 1 #2 & 50%.bin` : `${run}/model.bin`;
    const raw = cloud === ceph ? `s3://${ceph.host}/${ceph.container}/${id}` : rawUrlOf(cloud, id);
    const written = round % 10 === 4 || (cloud === ceph && round % 2 === 0) ? raw : cloud.urlOf(cloud.container, id);
    list.addObject({ cloud, id, url: written, body: 'x'.repeat(1 + (round % 9)) });
    if (round % 50 === 0) list.keep(cloud, `${id}.keep`);
    // A name that is written like the URL of its neighbour.
    if (round % 100 === 53 && cloud !== azure) list.keep(cloud, nameIn(cloud, written));
  }
  if (round % 15 === 0) list.addDuplicate(every[round % 3] ?? ceph, `${run}/model.bin`);
  if (round % 30 === 1) for (const cloud of every) list.addMissing(cloud, `${run}/gone.bin`);
  if (round % 45 === 2) addUnresolved(list, { ceph, google, azure }, run);
  if (round % 90 === 5) addMalformed(list, ceph, run);
  if (round % 180 === 7) addKept(list, { google, azure }, run);
  if (round % 100 === 8) list.addBlank();
}

function addUnresolved(list: List, { google, azure }: Pick<Clouds, 'ceph' | 'google' | 'azure'>, run: string): void {
  const none = (url: string, place: string) => list.add(url, 'Skipped: unresolved', `No credential is for ${place}.`);
  none(`s3://elsewhere/${run}`, 'the bucket elsewhere of Amazon S3');
  none(`gs://elsewhere/${run}`, 'the bucket elsewhere of Google Cloud Storage');
  none(
    `azure://other.blob.core.windows.net/elsewhere/run-${run.slice(-4)}`,
    'the container elsewhere of other.blob.core.windows.net',
  );
  for (const cloud of [google, azure]) {
    list.add(
      cloud.urlOf(cloud.spare, `${run}/model.bin`),
      'Skipped: unresolved',
      new RegExp(`^No credential is for the .*${cloud.spare}.*`),
    );
  }
  list.add(`file:///home/me/${run}`, 'Skipped: unresolved', 'A local file is never deleted from here.');
}

function addMalformed(list: List, ceph: Cloud, run: string): void {
  const unknown = 'It names no object in a form that is known.';
  list.add(`not a URL: ${run}`, 'Skipped: malformed', unknown);
  list.add(`s3://no-key-${run.slice(-4)}`, 'Skipped: malformed', unknown);
  list.add(
    `${ceph.urlOf(ceph.container, `${run}/model.bin.keep`)}?X-Amz-Signature=0123456789abcdef0123456789abcdef`,
    'Skipped: malformed',
    'It carries a signature or a password, which must be left out.',
    `${ceph.urlOf(ceph.container, `${run}/model.bin.keep`)}?X-Amz-Signature=•••`,
  );
  list.keep(ceph, `${run}/model.bin.keep`);
}

function addKept(list: List, { google, azure }: Pick<Clouds, 'google' | 'azure'>, run: string): void {
  const [held, leased, forbidden] = [`${run}/held.bin`, `${run}/leased.bin`, `${run}/forbidden.bin`];
  list.addKept(google, held, 'Locked', `Under a legal hold: ${held}`);
  list.held.push(held);
  list.addKept(azure, leased, 'Locked', /^Held by a lease: /);
  list.leased.push(leased);
  list.addKept(google, forbidden, 'Denied', /^These credentials may not do this: /);
  list.forbidden.push(forbidden);
}

function rawUrlOf(cloud: Cloud, id: string): string {
  return cloud.urlOf(cloud.container, '') + id;
}

function nameIn(cloud: Cloud, url: string): string {
  return url.slice(rawUrlOf(cloud, '').length);
}

class List implements UrlList {
  readonly lines: ExpectedLine[] = [];
  readonly held: string[] = [];
  readonly leased: string[] = [];
  readonly forbidden: string[] = [];
  readonly #texts: string[] = [];
  readonly #stored: { cloud: Cloud; id: string; body: string; kept: boolean }[] = [];
  readonly #first = new Map<string, ExpectedLine>();

  get text(): string {
    return this.#texts.join('\n');
  }

  add(text: string, outcome: string, reason: string | RegExp, url = text, object?: ExpectedObject): void {
    const line = this.#texts.push(text);
    const expected = { line, text, url, outcome, reason, ...(object ? { object } : {}) };
    this.lines.push(expected);
    if (object) this.#first.set(`${object.cloud.container} ${object.id}`, expected);
  }

  addBlank(): void {
    this.#texts.push('');
  }

  addObject({ cloud, id, url, body }: { cloud: Cloud; id: string; url: string; body: string }): void {
    this.#stored.push({ cloud, id, body, kept: false });
    this.add(url, 'Deleted', '', url, { cloud, id, bytes: body.length });
  }

  addDuplicate(cloud: Cloud, id: string): void {
    const first = this.#first.get(`${cloud.container} ${id}`);
    if (!first) throw new Error(`There is no line of it yet: ${id}`);
    this.add(first.text, `Skipped: duplicate of line ${first.line.toLocaleString('en-US')}`, '');
  }

  addMissing(cloud: Cloud, id: string): void {
    const url = cloud.urlOf(cloud.container, id);
    this.add(url, 'Skipped: missing', 'Nothing is there.', url, { cloud, id });
  }

  addKept(cloud: Cloud, id: string, outcome: string, reason: string | RegExp): void {
    this.keep(cloud, id);
    const url = cloud.urlOf(cloud.container, id);
    this.add(url, outcome, reason, url, { cloud, id, bytes: 1 });
  }

  /** Stores an object that must still be there in the end. */
  keep(cloud: Cloud, id: string): void {
    this.#stored.push({ cloud, id, body: 'x', kept: true });
  }

  stored(cloud: Cloud): readonly string[] {
    return this.#stored.flatMap((each) => (each.cloud === cloud ? [each.id] : [])).sort();
  }

  kept(cloud: Cloud): readonly string[] {
    return this.#stored.flatMap((each) => (each.cloud === cloud && each.kept ? [each.id] : [])).sort();
  }

  async fill(): Promise<void> {
    const queue = this.#stored.values();
    const worker = async () => {
      for (const { cloud, id, body } of queue) await cloud.put(cloud.container, id, body);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  }
}
