import { loadSharedConfigFiles } from '@smithy/core/config';
import type { Choice } from '../../../core/fields.ts';

type Profile = Readonly<Record<string, string | undefined>>;

/** The profiles of this machine's AWS files, by name: what `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say counts. */
export type Profiles = Readonly<Record<string, Profile>>;

/** Reads the files anew. A file that isn't there holds no profile. */
export async function readProfiles(): Promise<Profiles> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const names = new Set(
    [...Object.keys(configFile), ...Object.keys(credentialsFile)].filter((name) => !isSection(name)),
  );
  return Object.fromEntries([...names].sort().map((name) => [name, { ...configFile[name], ...credentialsFile[name] }]));
}

/** The profiles to choose from, each with where its keys come from. */
export async function profileChoices(): Promise<readonly Choice[]> {
  return Object.entries(await readProfiles()).map(([name, profile]) => ({
    value: name,
    label: `${name} (${sourceOf(profile)})`,
  }));
}

/** Where a profile's keys come from, in the order in which the SDK looks. */
export function sourceOf(profile: Profile): string {
  if (profile.role_arn && (profile.source_profile ?? profile.credential_source)) return 'assumed role';
  if (profile.aws_access_key_id) return 'shared files';
  if (profile.web_identity_token_file) return 'web identity';
  if (profile.credential_process) return 'process';
  if (profile.sso_session ?? profile.sso_start_url) return 'SSO';
  return profile.login_session ? 'login' : 'no keys';
}

/** The profile and those it takes its keys from, nearest first; a circle ends where it closes. */
export function lineage(profiles: Profiles, name: string): readonly (readonly [name: string, profile: Profile])[] {
  const found = new Map<string, Profile>();
  for (let next: string | undefined = name; next !== undefined && !found.has(next); ) {
    const profile: Profile | undefined = profiles[next];
    if (!profile) break;
    found.set(next, profile);
    next = profile.source_profile;
  }
  return [...found];
}

/** Sections that are no profiles: the loader names them 'sso-session.x' and 'services.x'. */
function isSection(name: string): boolean {
  return /^(sso-session|services)\./.test(name);
}
