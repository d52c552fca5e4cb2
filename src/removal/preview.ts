import { readManifest } from './manifest.ts';
import type { Removal } from './removal.ts';
import { manifestFile } from './removalFolder.ts';
import { csvRow } from './report.ts';

/** What a plan would delete, one row for each entry, some text at a time. */
export async function* planCsv({ folder, plan }: Removal): AsyncGenerator<string> {
  yield csvRow(['kind', 'container', 'id', 'version', 'bytes', 'tag']);
  for await (const { kind, container = '', id, version, size, tag = '' } of readManifest(
    manifestFile(folder),
    plan.manifest,
  )) {
    yield csvRow([kind, container, id, version?.id ?? '', size?.toString() ?? '', tag]);
  }
}

/** The same as one JSON document, with what the plan says of all of it. */
export async function* planJson({ folder, plan }: Removal): AsyncGenerator<string> {
  const { credential, provider, selection, mode, counts, recovery, notices, unconditional, plannedAt } = plan;
  const about = {
    credential: credential.name,
    provider: provider.label,
    selection: selection.map(({ path }) => path),
    ...{ mode, counts, recovery, notices, conditional: !unconditional, plannedAt: new Date(plannedAt).toISOString() },
  };
  yield `{"plan":${JSON.stringify(about)},"entries":[`;
  let between = '\n';
  for await (const { kind, container, id, version, size, tag } of readManifest(manifestFile(folder), plan.manifest)) {
    yield `${between}${JSON.stringify({ kind, container, id, version: version?.id, size, tag })}`;
    between = ',\n';
  }
  yield '\n]}\n';
}
