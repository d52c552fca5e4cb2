import path from 'node:path';
import * as z from 'zod/mini';
import type { CredentialStore } from './credentialStore.ts';
import { type Files, readIfThere, realFiles, writeDurably } from './files.ts';
import type { SecretPlace, SecretVault } from './secretVault.ts';

/** Milliseconds that a secret without a record is left alone: its record may still be on its way, or come back from a backup. */
export const orphanGrace = 24 * 60 * 60 * 1000;

interface Parts {
  readonly store: CredentialStore;
  readonly vault: SecretVault;
  /** Where it notes when it first saw an orphan. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly files?: Files;
}

const notesSchema = z.record(z.string(), z.number());

/** Deletes the secrets of this store that no record has named for a day, and returns how many. Reads no secret. */
export async function sweepOrphans({
  store,
  vault,
  folder,
  now = Date.now,
  files = realFiles,
}: Parts): Promise<number> {
  const file = path.join(folder, 'orphans.json');
  // Keys before records: a record saved meanwhile is seen.
  const places = await vault.places();
  const records = await store.list();
  const refs = new Map(records.map((found) => [found.id, found.kind === 'readable' ? found.record.secretRef : any]));
  const orphans = places.filter(({ id, secretRef }) => refs.get(id) !== any && refs.get(id) !== secretRef);

  const notes = parseNotes(await readIfThere(files, file));
  const time = now();
  const seen = (place: SecretPlace) => Math.min(notes[nameOf(place)] ?? time, time);
  const old = orphans.filter((place) => time - seen(place) >= orphanGrace);
  for (const place of old) await vault.delete(place);

  const young = orphans.filter((place) => !old.includes(place));
  const text = JSON.stringify(Object.fromEntries(young.map((place) => [nameOf(place), seen(place)])));
  if (text !== JSON.stringify(notes)) await writeDurably(files, file, text);
  return old.length;
}

/** What a record that can't be read may name. */
const any = Symbol('any');

function nameOf({ id, secretRef }: SecretPlace): string {
  return `${id}/${secretRef}`;
}

/** Damaged notes start the day of grace anew. */
function parseNotes(text: string | undefined): Readonly<Record<string, number>> {
  try {
    const parsed = notesSchema.safeParse(JSON.parse(text ?? '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}
