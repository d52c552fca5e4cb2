/** Who signs in, in all the words that versions 2 and 3 of the identity service know. Text that was not given is ''. */
export interface Identity {
  readonly user: string;
  readonly key: string;
  readonly userId: string;
  readonly userDomain: string;
  readonly tenantName: string;
  readonly tenantId: string;
  readonly tenantDomain: string;
  readonly applicationCredentialId: string;
  readonly applicationCredentialName: string;
  readonly applicationCredentialSecret: string;
  readonly authToken: string;
}

/** The forms in which version 2 is asked, one after the other while it does not let in; none where nothing was entered. */
export function identity2({ user, key, tenantName, tenantId, authToken }: Identity): readonly object[] {
  const tenant = tenantId !== '' ? { tenantId } : tenantName !== '' ? { tenantName } : {};
  if (authToken !== '') return [{ token: { id: authToken }, ...tenant }];
  if (user === '' || key === '') return [];
  const password = { passwordCredentials: { username: user, password: key }, ...tenant };
  const apiKey = { 'RAX-KSKEY:apiKeyCredentials': { username: user, apiKey: key }, ...tenant };
  return key.length >= 32 ? [apiKey, password] : [password, apiKey];
}

/** What version 3 is asked with; undefined where nothing was entered. An application credential has its project in itself. */
export function identity3(given: Identity): object | undefined {
  const { key, authToken, applicationCredentialId: id, applicationCredentialName: name } = given;
  const secret = given.applicationCredentialSecret;
  if (secret !== '' && id !== '') return applicationCredential({ id, secret });
  if (secret !== '' && name !== '') return applicationCredential({ name, secret, user: userOf(given) });
  if (authToken !== '') return { identity: { methods: ['token'], token: { id: authToken } }, ...scopeOf(given) };
  if ((given.user === '' && given.userId === '') || key === '') return undefined;
  const password = { user: { ...userOf(given), password: key } };
  return { identity: { methods: ['password'], password }, ...scopeOf(given) };
}

function applicationCredential(credential: object): object {
  return { identity: { methods: ['application_credential'], application_credential: credential } };
}

function userOf({ user, userId, userDomain }: Identity): object {
  return userId === '' ? { name: user, domain: domainOf(userDomain) } : { id: userId };
}

function scopeOf({ tenantId, tenantName, tenantDomain, userDomain }: Identity): object {
  if (tenantId !== '') return { scope: { project: { id: tenantId } } };
  if (tenantName === '') return {};
  return { scope: { project: { name: tenantName, domain: domainOf(tenantDomain || userDomain) } } };
}

/** The domain that every identity service begins with has this ID, whatever its name has become. */
const defaultDomain = 'default';

function domainOf(text: string): object {
  if (text === '') return { id: defaultDomain };
  return text === defaultDomain || /^[0-9a-f]{32}$/.test(text) ? { id: text } : { name: text };
}
