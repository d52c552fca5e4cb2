import type { Entry } from '../core/storageClient.ts';
import { labelName } from '../core/text.ts';

/** What a person reads as an entry's name. The object whose name is that of its folder has none of its own there. */
export function entryLabel({ kind, name }: Pick<Entry, 'kind' | 'name'>): string {
  if (name !== '') return labelName(name);
  return kind === 'object' ? '(this folder)' : '(no name)';
}
