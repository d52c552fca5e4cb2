import type { PropertyGroup } from '../../core/storageClient.ts';
import { formatBytes, formatCount } from '../../core/text.ts';

export type Row = readonly [name: string, value: string];

/** The groups that have rows. */
export function groups(all: readonly (readonly [title: string, rows: readonly Row[]])[]): PropertyGroup[] {
  return all.flatMap(([title, rows]) => (rows.length === 0 ? [] : [{ title, rows }]));
}

/** The rows that have a value. */
export function present(rows: readonly (readonly [name: string, value: string | undefined])[]): Row[] {
  return rows.flatMap(([name, value]): Row[] => (value === undefined || value === '' ? [] : [[name, value]]));
}

/** Bytes, exact where they are many. */
export function sizeText(bytes: number): string {
  return bytes < 1000 ? formatBytes(bytes) : `${formatBytes(bytes)} (${formatCount(bytes)} bytes)`;
}

/** A time to the second, the same for everyone. */
export function dateText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}
