import type { Entry, PropertyGroup } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';

/** Groups of properties as plain text: one line each, names in a column, nothing in them that could deceive. */
export function propertyText({ path }: Entry, credential: string, groups: readonly PropertyGroup[]): string {
  const width = Math.max(...groups.flatMap(({ rows }) => rows.map(([name]) => showName(name).length)), 0);
  const lines = groups.flatMap(({ title, rows }) => [
    '',
    title,
    ...rows.map(([name, value]) => `  ${showName(name).padEnd(Math.min(width, 30))}  ${showName(value)}`),
  ]);
  return `${[showName(path), `Credential: ${showName(credential)}`, ...lines].join('\n')}\n`;
}
