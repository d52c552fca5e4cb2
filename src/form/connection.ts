import type { DraftConnection, FormCredentials } from './dependencies.ts';
import type { FormDraft } from './draft.ts';
import { examine } from './examine.ts';

/** The draft as it would be saved, with the stored secrets that it keeps: those are read only here. */
export async function connectionOf(draft: FormDraft, credentials: FormCredentials): Promise<DraftConnection> {
  const { provider, saved } = draft;
  const { settings, secrets, kept } = examine(draft);
  const stored = saved && kept.length > 0 ? await credentials.readSecrets(saved.id, provider.origin(settings)) : {};
  const keptSecrets = Object.fromEntries(Object.entries(stored).filter(([name]) => kept.includes(name)));
  return { provider, settings, secrets: { ...keptSecrets, ...secrets } };
}
