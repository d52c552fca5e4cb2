import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommands, runWithInput, ServerUnavailable } from './serverProcess.ts';

/** What a command-line client needs to reach an S3 server. */
export interface PeerAccess {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Environment that gives rclone a remote named `peer`; the keys stay out of its arguments. */
export function rcloneEnvironment(access: PeerAccess): NodeJS.ProcessEnv {
  return {
    RCLONE_CONFIG: '/nonexistent',
    RCLONE_CONFIG_PEER_TYPE: 's3',
    RCLONE_CONFIG_PEER_PROVIDER: 'Other',
    RCLONE_CONFIG_PEER_ENDPOINT: access.endpoint,
    RCLONE_CONFIG_PEER_REGION: 'us-east-1',
    RCLONE_CONFIG_PEER_FORCE_PATH_STYLE: 'true',
    RCLONE_CONFIG_PEER_ACCESS_KEY_ID: access.accessKeyId,
    RCLONE_CONFIG_PEER_SECRET_ACCESS_KEY: access.secretAccessKey,
    // rclone 1.60 refuses to start with a bundle that it can't read.
    AWS_CA_BUNDLE: undefined,
  };
}

/** Environment that gives rclone a remote named `peer` on Google Cloud Storage or what stands in for it. */
export function rcloneGcsEnvironment(endpoint: string, key: { readonly project_id: string }): NodeJS.ProcessEnv {
  return {
    RCLONE_CONFIG: '/nonexistent',
    RCLONE_CONFIG_PEER_TYPE: 'google cloud storage',
    RCLONE_CONFIG_PEER_ENDPOINT: `${endpoint}/storage/v1/`,
    RCLONE_CONFIG_PEER_PROJECT_NUMBER: key.project_id,
    RCLONE_CONFIG_PEER_SERVICE_ACCOUNT_CREDENTIALS: JSON.stringify(key),
    RCLONE_CONFIG_PEER_BUCKET_POLICY_ONLY: 'true',
    AWS_CA_BUNDLE: undefined,
  };
}

/** Environment that gives rclone a remote named `peer` on Backblaze B2 or what stands in for it. */
export function rcloneB2Environment(
  endpoint: string,
  key: { readonly keyId: string; readonly applicationKey: string },
): NodeJS.ProcessEnv {
  return {
    RCLONE_CONFIG: '/nonexistent',
    RCLONE_CONFIG_PEER_TYPE: 'b2',
    RCLONE_CONFIG_PEER_ENDPOINT: endpoint,
    RCLONE_CONFIG_PEER_ACCOUNT: key.keyId,
    RCLONE_CONFIG_PEER_KEY: key.applicationKey,
    AWS_CA_BUNDLE: undefined,
  };
}

/** Writes an s3cmd configuration that only this user can read; gives its path. */
export async function writeS3cmdConfig(folder: string, access: PeerAccess): Promise<string> {
  const host = new URL(access.endpoint).host;
  const lines = [
    '[default]',
    `access_key = ${access.accessKeyId}`,
    `secret_key = ${access.secretAccessKey}`,
    `host_base = ${host}`,
    `host_bucket = ${host}`,
    'bucket_location = us-east-1',
    'use_https = False',
    'signature_v2 = False',
  ];
  const file = join(folder, 's3cmd.cfg');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Environment that gives awscli its keys and nothing of the machine's own; the endpoint goes into its arguments. */
export function awsEnvironment(access: PeerAccess): NodeJS.ProcessEnv {
  return {
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_CA_BUNDLE: undefined,
    AWS_REGION: undefined,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    // Its newer checksums are unknown to many servers.
    AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
    AWS_RESPONSE_CHECKSUM_VALIDATION: 'when_required',
    PYTHONIOENCODING: 'utf-8',
  };
}

/** Environment that gives rclone a remote named `peer` on one container of Azure Blob Storage, by SAS. @param url of the container, with its token */
export function rcloneAzureEnvironment(url: string): NodeJS.ProcessEnv {
  return { RCLONE_CONFIG: '/nonexistent', RCLONE_CONFIG_PEER_TYPE: 'azureblob', RCLONE_CONFIG_PEER_SAS_URL: url };
}

/** Where an SFTP or FTP server is and who signs in. */
export interface LoginAccess {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** Environment that gives rclone a remote named `peer` on an SFTP server. */
export async function rcloneSftpEnvironment({
  host,
  port,
  username,
  password,
}: LoginAccess): Promise<NodeJS.ProcessEnv> {
  return {
    RCLONE_CONFIG: '/nonexistent',
    RCLONE_CONFIG_PEER_TYPE: 'sftp',
    RCLONE_CONFIG_PEER_HOST: host,
    RCLONE_CONFIG_PEER_PORT: String(port),
    RCLONE_CONFIG_PEER_USER: username,
    RCLONE_CONFIG_PEER_PASS: await obscure(password),
    AWS_CA_BUNDLE: undefined,
  };
}

/** The same for an FTP server without TLS. */
export async function rcloneFtpEnvironment(access: LoginAccess): Promise<NodeJS.ProcessEnv> {
  return { ...(await rcloneSftpEnvironment(access)), RCLONE_CONFIG_PEER_TYPE: 'ftp' };
}

/** Environment that gives rclone a remote called `peer` on a WebDAV server. */
export async function rcloneDavEnvironment({
  url,
  username,
  password,
}: {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}): Promise<NodeJS.ProcessEnv> {
  return {
    RCLONE_CONFIG: '/nonexistent',
    RCLONE_CONFIG_PEER_TYPE: 'webdav',
    RCLONE_CONFIG_PEER_URL: url,
    RCLONE_CONFIG_PEER_VENDOR: 'other',
    RCLONE_CONFIG_PEER_USER: username,
    RCLONE_CONFIG_PEER_PASS: await obscure(password),
    AWS_CA_BUNDLE: undefined,
  };
}

/** A password as rclone's configuration holds it. */
export async function obscure(password: string): Promise<string> {
  return (await runWithInput('rclone', ['obscure', '-'], password)).trim();
}

/** Environment that tells lftp a password. */
export function lftpEnvironment(password: string): NodeJS.ProcessEnv {
  return { LFTP_PASSWORD: password };
}

/** Environment that gives rclone a remote named `peer` on an account of Swift. Version 1 signs in where nothing more is given. */
export function rcloneSwiftEnvironment(
  { user, key, auth }: { user: string; key: string; auth: string },
  more: { tenant?: string; region?: string } = {},
): NodeJS.ProcessEnv {
  return {
    RCLONE_CONFIG: '/nonexistent',
    RCLONE_CONFIG_PEER_TYPE: 'swift',
    RCLONE_CONFIG_PEER_USER: user,
    RCLONE_CONFIG_PEER_KEY: key,
    RCLONE_CONFIG_PEER_AUTH: auth,
    ...(more.tenant === undefined ? {} : { RCLONE_CONFIG_PEER_TENANT: more.tenant }),
    ...(more.region === undefined ? {} : { RCLONE_CONFIG_PEER_REGION: more.region }),
  };
}

/** What keeps another client from judging, printed and given back as a sentence; undefined where it is there, or could be installed. */
export async function missingPeer(command: string, debianPackage: string = command): Promise<string | undefined> {
  try {
    await requireCommands(`What ${debianPackage} judges`, [command], [debianPackage]);
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    console.log(`Skipped: ${error.message}`);
    return error.message;
  }
}
