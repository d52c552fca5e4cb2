import { createPrivateKey } from 'node:crypto';
import type { Issue } from '../../core/drafts.ts';
import { StorageError } from '../../core/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../core/json.ts';
import { serverOf } from './urls.ts';

/** What is needed of a key file. */
export interface ServiceAccountKey {
  readonly email: string;
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  readonly project: string | undefined;
  /** Where its signed requests are exchanged for tokens, where that isn't Google. */
  readonly tokenUri: string | undefined;
}

/** What is wrong with the content of a key file, for the form. */
export function examineKey(content: string, { endpoint }: { readonly endpoint: string }): readonly Issue[] {
  const read = readKey(content, serverOf(endpoint));
  return typeof read === 'string' ? [{ field: 'serviceAccountKey', severity: 'error', sentence: read }] : [];
}

/** The key in a file; fails with the sentence that says what the file is instead. */
export function parseServiceAccountKey(content: string, server: URL): ServiceAccountKey {
  const read = readKey(content, server);
  if (typeof read === 'string') throw new StorageError('invalid-settings', read);
  return read;
}

function readKey(content: string, server: URL): ServiceAccountKey | string {
  const json = parseJson(content);
  if (!isObject(json)) return otherThanJson(content);
  const of = (name: string) => (typeof json[name] === 'string' && json[name] !== '' ? json[name] : undefined);
  if (json.type !== 'service_account') return otherType(json);
  const [email, privateKey, tokenUri] = [of('client_email'), of('private_key'), of('token_uri')];
  if (email === undefined) return 'The service account key is incomplete: client_email';
  if (privateKey === undefined) return 'The service account key is incomplete: private_key';
  const universe = of('universe_domain') ?? 'googleapis.com';
  if (universe !== 'googleapis.com') return `This key is for another cloud than Google's own: ${universe}`;
  const own = tokenUri !== undefined && isLoopback(tokenUri) && isLoopback(server.href);
  if (tokenUri !== undefined && !own && !isGoogles(tokenUri)) {
    return `This key would be presented to a server that is not Google's, so it is not used: ${hostOf(tokenUri)}`;
  }
  return (
    refusePrivateKey(privateKey) ?? {
      email,
      privateKey,
      privateKeyId: of('private_key_id'),
      project: of('project_id'),
      tokenUri: own ? tokenUri : undefined,
    }
  );
}

function refusePrivateKey(pem: string): string | undefined {
  if (/^\*+$/.test(pem)) return 'The private key is masked in this file. Get the file as Google gave it out.';
  try {
    const { asymmetricKeyType } = createPrivateKey(pem);
    return asymmetricKeyType === 'rsa' ? undefined : 'The private key in this file is no RSA key.';
  } catch {
    return "The private key in this file can't be read. Get the file as Google gave it out.";
  }
}

const wanted = 'Choose the JSON key of a service account.';

function otherThanJson(content: string): string {
  // The first bytes of a P12 file, as text.
  if (/^0[\u0080-\uffff]/.test(content)) return `This is a key in P12 format. ${wanted}`;
  if (/^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(content)) return `This is a private key alone. ${wanted}`;
  if (/^\s*-----BEGIN CERTIFICATE-----/.test(content)) return `This is a certificate. ${wanted}`;
  if (/aws_access_key_id/i.test(content)) return `These are keys of Amazon. ${wanted}`;
  return 'This is not JSON, or not all of it. A service account key begins with { and ends with }.';
}

const otherTypes: Readonly<Record<string, string>> = {
  authorized_user: `These are the application default credentials of a person. Turn on 'Use application default credentials' to sign in with them.`,
  external_account: `This describes how to sign in by another identity provider. Turn on 'Use application default credentials' to use it.`,
  external_account_authorized_user: `These are the credentials of a person of another identity provider. ${wanted}`,
  impersonated_service_account: `This lets a person act as a service account. Turn on 'Use application default credentials' to use it.`,
  gdch_service_account: `This is a key for Google Distributed Cloud. ${wanted}`,
};

function otherType(json: JsonObject): string {
  const has = (name: string) => Object.hasOwn(json, name);
  if (typeof json.type === 'string' && Object.hasOwn(otherTypes, json.type)) return otherTypes[json.type] ?? wanted;
  if (has('installed') || has('web')) return `This is an OAuth client, which signs in nobody by itself. ${wanted}`;
  if (has('AccessKeyId') || has('SecretAccessKey') || has('aws_access_key_id') || has('AccessKey')) {
    return `These are keys of Amazon. ${wanted}`;
  }
  if (has('access_token') || has('refresh_token')) return `This is a token of a sign-in. ${wanted}`;
  return `This JSON is no service account key: its type is not service_account. ${wanted}`;
}

/** The hosts that Google has ever had key files name. */
function isGoogles(tokenUri: string): boolean {
  const url = URL.parse(tokenUri);
  const hosts = ['oauth2.googleapis.com', 'accounts.google.com', 'www.googleapis.com'];
  return url?.protocol === 'https:' && url.port === '' && hosts.includes(url.hostname);
}

function isLoopback(address: string): boolean {
  const host = URL.parse(address)?.hostname ?? '';
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === '[::1]' || /^(.+\.)?localhost$/.test(host);
}

function hostOf(address: string): string {
  return URL.parse(address)?.host || address;
}
