import { StorageError } from '../../../core/errors.ts';

/** Where a listing by two marks goes on: behind a key, and behind one of its versions or uploads. */
export interface Cursor {
  readonly key: string | undefined;
  readonly mark: string | undefined;
}

export function writeCursor({ key, mark }: Cursor): string | undefined {
  return key === undefined || key === '' ? undefined : JSON.stringify([key, mark || null]);
}

export function readCursor(cursor: string | undefined): Cursor | undefined {
  if (cursor === undefined) return undefined;
  const parsed: unknown = JSON.parse(cursor);
  const [key, mark] = Array.isArray(parsed) ? parsed : [];
  if (typeof key !== 'string') throw new StorageError('unexpected', 'This is no place where a listing goes on.');
  return { key, mark: typeof mark === 'string' ? mark : undefined };
}
