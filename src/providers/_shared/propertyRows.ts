import type { StorageError } from '../../core/errors.ts';
import type { PropertyGroup } from '../../core/storageClient.ts';
import { formatBytes, formatCount } from '../../core/text.ts';

export type PropertyRow = readonly [name: string, value: string];
export type MaybeRow = readonly [name: string, value: string | undefined];

/** What stands in place of an answer that these keys may not have. */
export const notAllowed = 'not allowed';

/** What stands in place of an answer; what concerns every request alike fails the whole. */
export function refusalText(failure: StorageError): string {
  if (failure.kind === 'forbidden') return notAllowed;
  if (failure.kind === 'unsupported') return 'not offered by this server';
  if (failure.kind === 'unexpected' || failure.kind === 'invalid-settings') return `not known: ${failure.message}`;
  throw failure;
}

/** The groups that have rows. */
export function groups(all: readonly (readonly [title: string, rows: readonly PropertyRow[]])[]): PropertyGroup[] {
  return all.flatMap(([title, rows]) => (rows.length === 0 ? [] : [{ title, rows }]));
}

/** The rows that have a value. */
export function present(rows: readonly MaybeRow[]): PropertyRow[] {
  return rows.flatMap(([name, value]): PropertyRow[] => (value === undefined || value === '' ? [] : [[name, value]]));
}

/** Bytes, exact where they are many. */
export function sizeText(bytes: number): string {
  return bytes < 1000 ? formatBytes(bytes) : `${formatBytes(bytes)} (${formatCount(bytes)} bytes)`;
}

/** A time to the second, the same for everyone. */
export function dateText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

/** What deleting early costs, of what is paid for at least so many days. */
export function earlyCostText(days: number | undefined, since: Date | undefined): string | undefined {
  if (days === undefined) return undefined;
  const until = since && dateText(since.getTime() + days * 86_400_000);
  return `${days} days are paid for at least${until === undefined ? '' : `, until ${until}`}`;
}
