import { workspace } from 'vscode';
import { createResolver, parseSubstitutions, placeText, type Resolution, type Wanted } from '../credentials/resolve.ts';
import type { Option } from '../ui/dialogs.ts';
import type { Parts } from './parts.ts';

/** Resolves URLs by the credentials and the settings as they are now. */
export async function resolverFor({ tree, providers }: Parts): Promise<(url: string) => Resolution> {
  const setting = workspace.getConfiguration('storageCredentials').get<unknown>('pathSubstitution');
  return createResolver({
    credentials: await tree.credentials(),
    providers: [...providers.values()],
    substitutions: parseSubstitutions(setting),
  });
}

/** A credential that could be added for a URL. */
export interface Addition extends Wanted {
  readonly url: string;
}

/** What can be added for URLs without a credential: each place once. */
export function additionsFor(additions: readonly Addition[]): readonly Option<Addition>[] {
  const byPlace = new Map(additions.map((each) => [`${each.provider.id} ${placeText(each)}`, each]));
  return [...byPlace.values()].slice(0, mostAdditions).map((addition) => ({
    label: `Add a Credential for ${placeText(addition)}…`,
    description: addition.provider.label,
    value: addition,
  }));
}

/** More than this makes a list that no one reads. */
const mostAdditions = 20;

/** Opens the form of a new credential with what the URL says of it. */
export async function addCredentialFor({ forms }: Parts, { provider, location, url }: Addition): Promise<void> {
  await forms.add({ provider: provider.id, values: provider.draftOf(location, url) });
}
