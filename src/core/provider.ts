import type { Issue } from './drafts.ts';
import type { Choice, Draft, Fields, FieldValue, SecretsOf, SettingsOf } from './fields.ts';
import { completeSecrets, completeSettings } from './settings.ts';
import type { Call, Capability, Entry, StorageClient } from './storageClient.ts';

/** How to reach servers from this machine: what VS Code's settings and the environment say. */
export interface Network {
  /** The proxy for a URL, if one is to be used. */
  proxyFor(url: URL): URL | undefined;
  /** Root certificates that are trusted beside Node's own, in PEM. */
  readonly certificates: readonly string[];
}

/** All that a client is opened with. */
export interface Connection<Settings = Draft, Secrets = Readonly<Record<string, string>>> {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly network: Network;
  /** Asks the person whether a program named in their settings may be run; absent where nobody can be asked, which means no. */
  readonly mayRun?: (program: string) => Promise<boolean>;
  /** Is told secret values that come from elsewhere than the vault, so that they are masked wherever texts are shown. */
  readonly learn?: (secrets: readonly string[]) => void;
}

/** All of a connection that is the same for every credential. */
export type Surroundings = Omit<Connection, 'settings' | 'secrets'>;

/** What a provider's `client.ts` exports. */
export interface ClientModule<Settings = Draft, Secrets = Readonly<Record<string, string>>> {
  /** Does no I/O. */
  openClient(connection: Connection<Settings, Secrets>): StorageClient;
  /** The choices of a 'fetchedChoice' field, fetched with the draft. */
  fetchChoices?(field: string, connection: Connection<Settings, Secrets>, call: Call): Promise<readonly Choice[]>;
  /** What an 'action' field fills in. */
  runAction?(
    field: string,
    connection: Connection<Settings, Secrets>,
    call: Call,
  ): Promise<Readonly<Record<string, FieldValue>>>;
}

export interface Limits {
  /** The most targets in one call of `remove`. */
  readonly batch: number;
  /** The longest life of a shared link, in seconds. */
  readonly share?: number;
}

/** What a folder is at a backend. */
export interface Folders {
  /** Whether a folder exists by itself, so that it must be deleted too, after its content. Then `walk` brings a folder before what is in it. */
  readonly real: boolean;
  /** Whether an entry lies inside a folder, however deep, told from both entries alone; absent where ids don't show it. */
  readonly contains?: (folder: Entry, entry: Entry) => boolean;
}

/** Folders that are the common beginning of names: they go with their last object. */
export const prefixFolders: Folders = {
  real: false,
  contains: (folder, entry) => entry.container === folder.container && entry.id.startsWith(folder.id),
};

/** Folders of a tree of files, named by their paths: each exists by itself. */
export const pathFolders: Folders = {
  real: true,
  contains: (folder, entry) => entry.id.startsWith(folder.id.endsWith('/') ? folder.id : `${folder.id}/`),
};

/** Where a URL says that an object is. */
export interface Location {
  /** The server, in the same words as in `scopeOf`; '' is the provider's own. */
  readonly server: string;
  readonly container: string;
  /** The names that the URL can mean, the likeliest first: a URL that says a name raw can't be told from one that says it encoded. */
  readonly ids: readonly string[];
}

/** Which objects a credential is for: those of a server, of one container there, or of one folder in it. */
export interface Scope {
  /** Host and port in lower case, and the path under which its containers lie where it has one; '' is the provider's own. */
  readonly server: string;
  readonly container?: string;
  /** Without a slash at its end. */
  readonly folder?: string;
}

interface Definition<F extends Fields> {
  /** The name of the provider's folder. */
  readonly id: string;
  /** The provider's name as its maker writes it. */
  readonly label: string;
  /** What this provider calls a container. */
  readonly noun: { readonly one: string; readonly many: string };
  /** Set for the one that the form of a new credential opens with. */
  readonly preselected?: true;
  readonly fields: F;
  readonly capabilities: readonly Capability[];
  readonly limits: Limits;
  /** Whether `remove` honours `ifTag` with these settings, where that is no fact of the provider: by default its capability says it. */
  readonly conditional?: (settings: SettingsOf<F>) => boolean;
  /** `prefixFolders` by default. */
  readonly folders?: Folders;
  /** The id of what a path names, of a tree of files whose ids are not the paths themselves. */
  readonly idOfPath?: (kind: 'folder' | 'object', path: string, settings: SettingsOf<F>) => string;
  /** Where the secret is sent: a secret saved for another origin is never used. */
  readonly origin: (settings: SettingsOf<F>) => string;
  /** What stands behind the credential's name in the tree. */
  readonly describe?: (settings: SettingsOf<F>) => string;
  /** What can be said when a container is created, beside its name. */
  readonly containerFields?: Fields;
  /** Why a container can't have this name, if it can't. */
  readonly refuseContainerName?: (name: string) => string | undefined;
  /** What makes a credential less than safe (TLS off, certificates unchecked): shown wherever the credential is. */
  readonly warn?: (settings: SettingsOf<F>) => string | undefined;
  /** What is wrong between fields; each field has been checked by itself. */
  readonly check?: (settings: SettingsOf<F>) => readonly Issue[];
  /** What is wrong with what was entered and takes code to tell: loaded on demand, asked before a save and a verification. No I/O; a secret that is not entered is ''. */
  readonly examine?: (settings: SettingsOf<F>, secrets: SecretsOf<F>) => Promise<readonly Issue[]>;
  readonly urls: {
    /** The URL that names an entry to other programs, if it has one. */
    readonly of: (entry: Entry, settings: SettingsOf<F>) => string | undefined;
    /** The URL under which ClearML registers an object, if it can. Parsed, it leads back to this credential. */
    readonly artifactOf?: (entry: Entry, settings: SettingsOf<F>) => string | undefined;
    /** Every reading of a URL as an object of this provider; none where it is not one. Nothing is cut off, and raw names are not decoded. */
    readonly parse?: (url: string) => readonly Location[];
    readonly scopeOf?: (settings: SettingsOf<F>) => Scope;
    /** What the form of a new credential for what a URL names begins with; no secrets. */
    readonly draftOf?: (location: Location, url: string) => Draft;
  };
  readonly connect: () => Promise<ClientModule<SettingsOf<F>, SecretsOf<F>>>;
}

/** A provider as the rest of the program sees it: settings and secrets as records hold them, completed before its own code sees them. */
export interface Provider {
  readonly id: string;
  readonly label: string;
  readonly noun: { readonly one: string; readonly many: string };
  readonly preselected: boolean;
  readonly fields: Fields;
  readonly containerFields: Fields;
  readonly capabilities: ReadonlySet<Capability>;
  readonly limits: Limits;
  readonly folders: Folders;
  /** Whether `remove` deletes only what still has its tag, with these settings. */
  conditional(settings: Draft): boolean;
  idOfPath(kind: 'folder' | 'object', path: string, settings: Draft): string;
  origin(settings: Draft): string;
  describe(settings: Draft): string;
  warn(settings: Draft): string | undefined;
  check(settings: Draft): readonly Issue[];
  examine(settings: Draft, secrets: Readonly<Record<string, string>>): Promise<readonly Issue[]>;
  refuseContainerName(name: string): string | undefined;
  urlOf(entry: Entry, settings: Draft): string | undefined;
  artifactUrlOf(entry: Entry, settings: Draft): string | undefined;
  parseUrl(url: string): readonly Location[];
  /** Absent where no URL leads to this provider's objects. */
  scopeOf(settings: Draft): Scope | undefined;
  draftOf(location: Location, url: string): Draft;
  /** Loads the client's code, completes the values and opens it. */
  open(connection: Connection): Promise<StorageClient>;
  fetchChoices(field: string, connection: Connection, call: Call): Promise<readonly Choice[]>;
  runAction(field: string, connection: Connection, call: Call): Promise<Readonly<Record<string, FieldValue>>>;
}

/** Declares a provider: the default export of `providers/<id>/provider.ts`. */
export function defineProvider<const F extends Fields>(definition: Definition<F>): Provider {
  const { id, label, noun, fields, limits, urls, connect } = definition;
  const settingsOf = (settings: Draft) => completeSettings(fields, settings) as SettingsOf<F>;
  const capabilities = new Set(definition.capabilities);
  const complete = ({ settings, secrets, ...surroundings }: Connection): Connection<SettingsOf<F>, SecretsOf<F>> => ({
    ...surroundings,
    settings: settingsOf(settings),
    secrets: completeSecrets(fields, secrets) as SecretsOf<F>,
  });
  return {
    id,
    label,
    noun,
    preselected: definition.preselected ?? false,
    fields,
    limits,
    folders: definition.folders ?? prefixFolders,
    containerFields: definition.containerFields ?? {},
    capabilities,
    conditional: (settings) => definition.conditional?.(settingsOf(settings)) ?? capabilities.has('conditional'),
    idOfPath: (kind, path, settings) => definition.idOfPath?.(kind, path, settingsOf(settings)) ?? path,
    origin: (settings) => definition.origin(settingsOf(settings)),
    describe: (settings) => definition.describe?.(settingsOf(settings)) ?? '',
    warn: (settings) => definition.warn?.(settingsOf(settings)),
    check: (settings) => definition.check?.(settingsOf(settings)) ?? [],
    examine: async (settings, secrets) =>
      (await definition.examine?.(settingsOf(settings), completeSecrets(fields, secrets) as SecretsOf<F>)) ?? [],
    refuseContainerName: (name) => definition.refuseContainerName?.(name),
    urlOf: (entry, settings) => urls.of(entry, settingsOf(settings)),
    artifactUrlOf: (entry, settings) => urls.artifactOf?.(entry, settingsOf(settings)),
    parseUrl: (url) => urls.parse?.(url) ?? [],
    scopeOf: (settings) => urls.scopeOf?.(settingsOf(settings)),
    draftOf: (location, url) => urls.draftOf?.(location, url) ?? {},
    open: async (connection) => (await connect()).openClient(complete(connection)),
    fetchChoices: async (field, connection, call) =>
      (await connect()).fetchChoices?.(field, complete(connection), call) ?? [],
    runAction: async (field, connection, call) =>
      (await connect()).runAction?.(field, complete(connection), call) ?? {},
  };
}
