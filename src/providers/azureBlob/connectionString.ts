import { refuseAccount, refuseAccountKey, refuseEndpoint, refuseSasToken, sasParameters } from './account.ts';

/** What a connection string says, in the words of the form. */
export interface ConnectionParts {
  readonly account: string;
  readonly endpoint: string;
  readonly signIn: 'key' | 'sas';
  readonly accountKey: string;
  readonly sasToken: string;
}

/**
 * Takes a connection string apart; undefined unless it names an account that can be reached and holds a key or a SAS token.
 * https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
 */
export function parseConnectionString(text: string): ConnectionParts | undefined {
  const said = readParts(text);
  const account = said.get('accountname') ?? accountIn(said.get('blobendpoint') ?? '');
  const accountKey = said.get('accountkey') ?? '';
  const sasToken = sasParameters(said.get('sharedaccesssignature') ?? '');
  const parts: ConnectionParts = {
    account,
    endpoint: endpointOf(said, account),
    signIn: accountKey === '' ? 'sas' : 'key',
    accountKey,
    sasToken: accountKey === '' ? sasToken : '',
  };
  const refusal =
    refuseAccount(account) ??
    (parts.endpoint === '' ? undefined : refuseEndpoint(parts.endpoint)) ??
    (parts.signIn === 'key' ? refuseAccountKey(accountKey) : refuseSasToken(sasToken));
  return refusal === undefined ? parts : undefined;
}

/** Names in lower case; a value may hold an equals sign, as keys do. */
function readParts(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(';').flatMap((part) => {
      const [, name, value] = /^\s*([^=]+?)\s*=(.*)$/s.exec(part) ?? [];
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()] as const];
    }),
  );
}

/** '' for Azure's public cloud over https, which needs none. */
function endpointOf(said: ReadonlyMap<string, string>, account: string): string {
  const whole = said.get('blobendpoint')?.replace(/\/+$/, '');
  if (whole) return whole;
  const suffix = `blob.${said.get('endpointsuffix') || 'core.windows.net'}`;
  if (said.get('defaultendpointsprotocol')?.toLowerCase() === 'http') return `http://${account}.${suffix}`;
  return suffix === 'blob.core.windows.net' ? '' : suffix;
}

/** The account that a URL names: in its host as Azure has it, or as first segment of its path as emulators have it. */
function accountIn(endpoint: string): string {
  if (!URL.canParse(endpoint)) return '';
  const { hostname, pathname } = new URL(endpoint);
  const inPath = pathname.split('/')[1] ?? '';
  return inPath || (hostname.split('.')[0] ?? '');
}
