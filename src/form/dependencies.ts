import type { Choice, Draft, FieldValue } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import type { Redactor } from '../core/redaction.ts';
import type { Verification, VerificationStep } from '../core/verification.ts';

/** A credential as the store holds it, without its secrets. */
export interface SavedCredential {
  readonly id: string;
  readonly provider: string;
  readonly name: string;
  readonly settings: Draft;
  /** The secrets that the vault should hold. */
  readonly secretNames: readonly string[];
  /** Those of them that can't be read or belong to another server: they must be entered again. */
  readonly lostSecrets: readonly string[];
  readonly revision: string;
}

/** What a person wants saved. Of the stored secrets those in `keep` stay, all others go. */
export interface SaveRequest {
  readonly provider: string;
  readonly name: string;
  readonly settings: Draft;
  /** Secrets entered in the form. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly keep: readonly string[];
  /** How the draft fared when it was verified as it is now. */
  readonly verification?: Verification;
  /** What the draft was based on; absent for a new credential. */
  readonly basedOn?: { readonly id: string; readonly revision: string };
}

/** A credential as a person picks it. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** What the form needs of the credentials. */
export interface FormCredentials {
  /** The newest state; undefined when there is none (any more). */
  find(id: string): Promise<SavedCredential | undefined>;
  /** The stored secrets of a credential, read only when a draft is tried out, and only if they were entered for this origin. */
  readSecrets(id: string, origin: string): Promise<Readonly<Record<string, string>>>;
  /** The other credentials of a provider that keep one of these secrets. */
  keepersOf(provider: string, secrets: readonly string[], exceptId?: string): Promise<readonly Named[]>;
  /** The secrets of another credential, read when the person has picked it. */
  readSecretsOf(id: string): Promise<Readonly<Record<string, string>>>;
  /** Whether another credential has this name. */
  nameInUse(name: string, exceptId?: string): Promise<boolean>;
  /** A free name: the label, or the label with a number behind it. */
  proposeName(label: string): Promise<string>;
  /** Fails with kind 'changed' when the credential has another revision by now or is gone. */
  save(request: SaveRequest): Promise<unknown>;
}

/** A draft as a client is opened with it. */
export interface DraftConnection {
  readonly provider: Provider;
  readonly settings: Draft;
  readonly secrets: Readonly<Record<string, string>>;
}

/** What can be tried with a draft before it is saved. Failures are StorageErrors. */
export interface DraftOperations {
  verify(draft: DraftConnection, signal: AbortSignal): AsyncIterable<VerificationStep>;
  fetchChoices(draft: DraftConnection, field: string, signal: AbortSignal): Promise<readonly Choice[]>;
  runAction(draft: DraftConnection, field: string, signal: AbortSignal): Promise<Readonly<Record<string, FieldValue>>>;
}

export interface ChosenFile {
  readonly name: string;
  readonly content: string;
}

/** What one form is built on; nothing of it knows VS Code. */
export interface FormDependencies {
  readonly providers: readonly Provider[];
  readonly credentials: FormCredentials;
  readonly operations: DraftOperations;
  readonly ui: {
    /** Undefined when the person chose none. Fails with a StorageError when it can't be read or is larger than `valueLimit`. */
    chooseFile(title: string, accept: readonly string[]): Promise<ChosenFile | undefined>;
    /** The one that the person picks; undefined when none. */
    pick(title: string, credentials: readonly Named[]): Promise<Named | undefined>;
    openExternal(href: string): void;
  };
  /** What a secret that was used is masked with, in the form and in the log. */
  readonly redactor: Pick<Redactor, 'add' | 'redact'>;
  readonly log: { warn(sentence: string): void; error(sentence: string, error: unknown): void };
}
