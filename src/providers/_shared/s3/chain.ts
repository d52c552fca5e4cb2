import {
  fromContainerMetadata,
  fromEnv,
  fromHttp,
  fromIni,
  fromInstanceMetadata,
  fromTokenFile,
} from '@aws-sdk/credential-providers';
import { getSSOTokenFromFile } from '@smithy/core/config';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { StorageError } from '../../../core/errors.ts';
import type { Surroundings } from '../../../core/provider.ts';
import { codeOf, connectionError, createAgent, timeLimits } from '../http.ts';
import { lineage, type Profiles, readProfiles, sourceOf } from './profiles.ts';
import type { Keys } from './signatureV2.ts';

/** Keys that this machine gave, and where it had them from. */
export interface ChainKeys extends Keys {
  /** Such as 'environment' or 'profile dev, SSO'. */
  readonly source: string;
  readonly expiration?: Date | undefined;
}

export interface ChainOptions {
  /** The only profile to look in; '' looks everywhere. */
  readonly profile: string;
  /** Where roles are assumed, unless a profile says otherwise. */
  readonly region: string;
}

/**
 * The keys that this machine has for AWS: environment, shared files (also SSO, assumed roles, web identity, a process),
 * container, instance metadata. Each is asked by itself, so that the one that answers is known. Nothing is kept on disk.
 * Fails with 'expired' when a login must be renewed, 'forbidden' when a program may not be run, 'unauthenticated' when nothing answers.
 */
export async function resolveChain(options: ChainOptions, surroundings: Surroundings): Promise<ChainKeys> {
  const agent = createAgent(awsServer, surroundings.network, { verifyCertificate: true, caBundle: '' });
  try {
    const keys = await firstAnswer(options, { surroundings, agent });
    const { secretAccessKey, sessionToken } = keys;
    surroundings.learn?.([secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])]);
    return keys;
  } finally {
    agent.destroy();
  }
}

interface Asking {
  readonly surroundings: Surroundings;
  readonly agent: ReturnType<typeof createAgent>;
}

/** AWS's own services (STS, SSO) lie all at hosts like this one. */
const awsServer = new URL('https://sts.amazonaws.com');

/** Milliseconds for what answers at once where it exists at all. */
const metadataLimit = 1000;

async function firstAnswer(options: ChainOptions, asking: Asking): Promise<ChainKeys> {
  const profiles = await readProfiles();
  if (options.profile !== '') {
    if (!profiles[options.profile]) throw noProfile(options.profile);
    return await fromProfile(profiles, options.profile, options, asking);
  }
  const { env } = process;
  const chosen = env.AWS_PROFILE;
  if (chosen === undefined && env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) {
    return await answer('environment', fromEnv());
  }
  if (chosen !== undefined && !profiles[chosen]) throw noProfile(chosen);
  const profile = chosen ?? 'default';
  const known = profiles[profile];
  if (known && sourceOf(known) !== 'no keys') return await fromProfile(profiles, profile, options, asking);
  if (env.AWS_WEB_IDENTITY_TOKEN_FILE && env.AWS_ROLE_ARN) {
    return await answer('web identity', fromTokenFile({ clientConfig: clientConfig(options.region, asking) }));
  }
  if (env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI) {
    return await answer('container', fromContainerMetadata({ timeout: metadataLimit, maxRetries: 0 }));
  }
  if (env.AWS_CONTAINER_CREDENTIALS_FULL_URI) {
    return await answer('container', fromHttp({ timeout: metadataLimit, maxRetries: 0 }));
  }
  if (/^true$/i.test(env.AWS_EC2_METADATA_DISABLED ?? '')) throw nothingFound();
  return await fromInstance();
}

/** The last to be asked: most machines have none, so its silence is no error of its own. */
async function fromInstance(): Promise<ChainKeys> {
  try {
    return await answer('instance metadata', fromInstanceMetadata({ timeout: metadataLimit, maxRetries: 0 }));
  } catch (error) {
    throw nothingFound(error);
  }
}

async function fromProfile(
  profiles: Profiles,
  profile: string,
  { region }: ChainOptions,
  asking: Asking,
): Promise<ChainKeys> {
  await askForPrograms(profiles, profile, asking.surroundings);
  const provider = fromIni({ profile, ignoreCache: true, clientConfig: clientConfig(region, asking) });
  const source = `profile ${profile}, ${sourceOf(profiles[profile] ?? {})}`;
  try {
    return await answer(source, provider);
  } catch (error) {
    throw (await endedLogin(profiles, profile, error)) ?? error;
  }
}

/** A program in a file on disk is run only when the person says so: also one that a role's source profile names. */
async function askForPrograms(profiles: Profiles, profile: string, { mayRun }: Surroundings): Promise<void> {
  for (const [name, { credential_process: program }] of lineage(profiles, profile)) {
    if (!program || (await mayRun?.(program))) continue;
    throw new StorageError('forbidden', `This profile gets its keys from a program, which may not be run: ${name}`, {
      hint: 'Trust the workspace and allow the program, or choose another profile.',
    });
  }
}

async function answer(
  source: string,
  provider: () => Promise<Keys & { readonly expiration?: Date | undefined }>,
): Promise<ChainKeys> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provider();
    return { accessKeyId, secretAccessKey, sessionToken, expiration, source };
  } catch (error) {
    const unreachable = codeOf(error)?.startsWith('E') ? connectionError(error, awsServer) : undefined;
    throw unreachable ?? failed(source, error);
  }
}

function clientConfig(region: string, { agent }: Asking) {
  return {
    region,
    requestHandler: new NodeHttpHandler({
      httpsAgent: agent as never,
      connectionTimeout: timeLimits.connect,
      requestTimeout: timeLimits.firstByte,
      throwOnRequestTimeout: true,
    }),
  };
}

/** Told from the login's own file, not from the words of an error. */
async function endedLogin(profiles: Profiles, profile: string, cause: unknown): Promise<StorageError | undefined> {
  for (const [name, { sso_session, sso_start_url, login_session }] of lineage(profiles, profile)) {
    const login = sso_session ?? sso_start_url;
    if (login !== undefined && !(await isLoggedIn(login)))
      return loginEnded(name, `aws sso login --profile ${name}`, cause);
    if (login_session !== undefined) return loginEnded(name, `aws login --profile ${name}`, cause);
  }
  return undefined;
}

async function isLoggedIn(login: string): Promise<boolean> {
  try {
    return Date.parse((await getSSOTokenFromFile(login)).expiresAt) > Date.now();
  } catch {
    // No such file: nobody has logged in yet.
    return false;
  }
}

function loginEnded(profile: string, command: string, cause: unknown): StorageError {
  return new StorageError('expired', `The login of this profile has ended: ${profile}`, {
    hint: `Run in a terminal: ${command}`,
    cause,
  });
}

function noProfile(profile: string): StorageError {
  return new StorageError('invalid-settings', `This machine's AWS files have no such profile: ${profile}`, {
    hint: 'Choose a profile of the list, or leave it empty.',
  });
}

function nothingFound(cause?: unknown): StorageError {
  return new StorageError('unauthenticated', 'This machine has no AWS keys in any of the places of the chain.', {
    hint: 'Choose a profile, log in with the AWS CLI, or turn the credentials chain off and enter keys.',
    cause,
  });
}

function failed(source: string, cause: unknown): StorageError {
  const name = cause instanceof Error ? cause.name : 'Error';
  const expired = name === 'ExpiredTokenException' || name === 'ExpiredToken';
  return new StorageError(expired ? 'expired' : 'unauthenticated', `No keys could be had from: ${source}`, {
    detail: cause instanceof Error ? `${name}: ${cause.message}` : String(cause),
    hint: 'Check the profile with the AWS CLI: aws sts get-caller-identity',
    cause,
  });
}
