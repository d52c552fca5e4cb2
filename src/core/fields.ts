export type FieldValue = string | number | boolean;

/** What stands in a form while it is being filled in: raw, possibly incomplete, possibly wrong. */
export type Draft = Readonly<Record<string, FieldValue>>;

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Holds when every field named here is shown and has one of the listed values, or text that matches the pattern. */
export type Condition = Readonly<Record<string, readonly FieldValue[] | { readonly matches: string }>>;

export type FieldKind =
  | 'text'
  | 'secret'
  | 'number'
  | 'toggle'
  | 'choice'
  | 'fetchedChoice'
  | 'file'
  | 'textArea'
  | 'link'
  | 'action';

interface Look {
  readonly label: string;
  readonly help?: string;
  readonly placeholder?: string;
  readonly advanced?: boolean;
  /** When the field is shown; always, where absent. */
  readonly when?: Condition;
  /** What temporary keys consist of: asked for again when they have expired. */
  readonly renew?: boolean;
}

/** What can be said of any field that holds a value of type V. */
interface Options<V extends FieldValue> extends Look {
  readonly required?: boolean;
  /** When a field that isn't required otherwise must be given. */
  readonly requiredWhen?: Condition;
  /** Kept in the vault, never shown again. */
  readonly secret?: boolean;
  readonly default?: V;
  /** A sentence about a value that is unusual but allowed. */
  readonly hint?: (value: V) => string | undefined;
  /** A sentence about a value that can't be right. */
  readonly refuse?: (value: V) => string | undefined;
  /** What else to fill in when a person gives this value. */
  readonly fills?: (value: V, draft: Draft) => Draft;
}

/** One declaration: what is valid and how it looks. Everything but the functions is plain data. */
export interface Field<V = unknown, Secret extends boolean = boolean> extends Look {
  readonly kind: FieldKind;
  readonly required: boolean;
  readonly requiredWhen?: Condition;
  readonly secret: Secret;
  readonly default?: FieldValue;
  readonly choices?: readonly Choice[];
  readonly href?: string;
  readonly accept?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  /** Of a button: the secrets that it takes from another credential of the provider. */
  readonly takes?: readonly string[];
  /** The type of a parsed value; never there at run time. */
  readonly parsed?: V;
  hint?(value: FieldValue): string | undefined;
  refuse?(value: FieldValue): string | undefined;
  fills?(value: FieldValue, draft: Draft): Draft;
  /** What a person may see of a chosen file: never a secret. */
  preview?(content: string): string;
}

export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F> = F extends Field<infer V> ? V : never;
type KeysWith<F extends Fields, Secret extends boolean> = {
  [K in keyof F]: F[K] extends { readonly kind: 'link' | 'action' } ? never : F[K]['secret'] extends Secret ? K : never;
}[keyof F];

/** The values that may stand in a record. Empty text is ''. */
export type SettingsOf<F extends Fields> = { readonly [K in KeysWith<F, false>]: ValueOf<F[K]> };
/** The values that may stand in the vault alone. A secret that was not given is ''. */
export type SecretsOf<F extends Fields> = { readonly [K in KeysWith<F, true>]: string };

/** A line of text. Outer white space goes. */
export function text(options: Options<string>): Field<string, false> {
  return { ...base('text', options), secret: false };
}

/** A line of text that is kept in the vault; it is taken exactly as it was typed. */
export function secret(options: Omit<Options<string>, 'default' | 'secret'>): Field<string, true> {
  return { ...base('secret', options), secret: true };
}

/** A whole number; left empty it is absent. */
export function number(
  options: Options<number> & { readonly min?: number; readonly max?: number },
): Field<number | undefined, false> {
  const { min, max } = options;
  return {
    ...base('number', options),
    secret: false,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  };
}

export function toggle(options: Options<boolean>): Field<boolean, false> {
  return { ...base('toggle', { default: false, ...options }), secret: false };
}

/** One of a fixed list; the first is the default unless another is named. */
export function choice<const V extends string>(
  options: Options<NoInfer<V>> & { readonly choices: readonly { readonly value: V; readonly label: string }[] },
): Field<V, false> {
  return {
    ...base('choice', { default: options.choices[0]?.value as V, ...options }),
    secret: false,
    choices: options.choices,
  };
}

/** One of a list that the provider fetches with the draft (drives, profiles); any text may be typed too. */
export function fetchedChoice(options: Options<string>): Field<string, false> {
  return { ...base('fetchedChoice', options), secret: false };
}

interface FileOptions extends Options<string> {
  /** File name endings, without the dot. */
  readonly accept?: readonly string[];
  readonly preview?: (content: string) => string;
}

/** The content of a chosen file, or pasted. */
export function file(options: FileOptions & { readonly secret: true }): Field<string, true>;
export function file(options: FileOptions & { readonly secret?: false }): Field<string, false>;
export function file(options: FileOptions): Field<string> {
  const { accept, preview } = options;
  return {
    ...base('file', options),
    secret: options.secret ?? false,
    ...(accept ? { accept } : {}),
    ...(preview ? { preview } : {}),
  };
}

/** Several lines of text. */
export function textArea(options: Options<string> & { readonly secret: true }): Field<string, true>;
export function textArea(options: Options<string> & { readonly secret?: false }): Field<string, false>;
export function textArea(options: Options<string>): Field<string> {
  return { ...base('textArea', options), secret: options.secret ?? false };
}

/** A page outside, such as a sign-up. Holds no value. */
export function link(options: Look & { readonly href: string }): Field<never, false> & { readonly kind: 'link' } {
  return { ...look(options), kind: 'link', required: false, secret: false, href: options.href };
}

/**
 * A button that the provider answers by filling in fields (generate a key, sign in). Holds no value.
 * With `takes` the form itself answers, with these secrets of another credential that the person picks: only for what is
 * never sent to a server, since the other credential may be for another one.
 */
export function action({
  takes,
  ...options
}: Look & { readonly takes?: readonly string[] }): Field<never, false> & { readonly kind: 'action' } {
  return { ...look(options), kind: 'action', required: false, secret: false, ...(takes ? { takes } : {}) };
}

function look({ label, help, placeholder, advanced, when, renew }: Look): Look {
  return {
    label,
    ...(help === undefined ? {} : { help }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(advanced === undefined ? {} : { advanced }),
    ...(when === undefined ? {} : { when }),
    ...(renew === undefined ? {} : { renew }),
  };
}

function base<K extends FieldKind, V extends FieldValue>(kind: K, options: Options<V>) {
  const { requiredWhen, hint, refuse, fills } = options;
  return {
    ...look(options),
    kind,
    required: options.required ?? false,
    ...(requiredWhen ? { requiredWhen } : {}),
    ...(options.default === undefined ? {} : { default: options.default }),
    ...(hint ? { hint: hint as (value: FieldValue) => string | undefined } : {}),
    ...(refuse ? { refuse: refuse as (value: FieldValue) => string | undefined } : {}),
    ...(fills ? { fills: fills as (value: FieldValue, draft: Draft) => Draft } : {}),
  };
}
