import { B2Refusal } from './answers.ts';
import { bytesOf, type StoredBucket, type StoredVersion } from './store.ts';

export interface ListAsked {
  readonly start: string;
  readonly startId?: string;
  readonly prefix: string;
  readonly delimiter: string;
  readonly most: number;
}

/** A row of a listing: a version, or a folder by its name. */
export type Row = StoredVersion | string;

/** https://www.backblaze.com/apidocs/b2-list-file-names: the names that are not hidden, and where it goes on. */
export function listNames(bucket: StoredBucket, asked: ListAsked): { rows: Row[]; next: string | null } {
  const { rows, next } = page(bucket, asked, (name) => {
    const current = bucket.current(name);
    return current ? [current] : [];
  });
  return { rows, next: next === undefined ? null : nameOf(next) };
}

/** https://www.backblaze.com/apidocs/b2-list-file-versions: every version, the newest of a name first. */
export function listVersions(bucket: StoredBucket, asked: ListAsked) {
  if (asked.startId !== undefined && asked.start === '') throw new B2Refusal(400, 'bad_request');
  const { rows, next } = page(bucket, asked, (name) => bucket.versionsOf(name));
  const id = next === undefined || typeof next === 'string' ? null : next.id;
  return { rows, next: next === undefined ? null : nameOf(next), nextId: id };
}

export function nameOf(row: Row): string {
  return typeof row === 'string' ? row : row.name;
}

function page(
  bucket: StoredBucket,
  { start, startId, prefix, delimiter, most }: ListAsked,
  versionsOf: (name: string) => readonly StoredVersion[],
): { rows: Row[]; next: Row | undefined } {
  const rows: Row[] = [];
  for (const name of bucket.namesFrom(bytesOf(start) < bytesOf(prefix) ? prefix : start)) {
    if (!name.startsWith(prefix)) break;
    const all = versionsOf(name);
    const at = name === start && startId !== undefined ? all.findIndex(({ id }) => id === startId) : 0;
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
    const found: readonly Row[] = all.length > 0 && cut >= 0 ? [name.slice(0, cut + delimiter.length)] : all.slice(at);
    for (const row of found) {
      if (typeof row === 'string' && rows.at(-1) === row) continue;
      if (rows.length === most) return { rows, next: row };
      rows.push(row);
    }
  }
  return { rows, next: undefined };
}
