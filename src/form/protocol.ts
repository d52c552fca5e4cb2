import * as z from 'zod/mini';
import { errorKinds } from '../core/errors.ts';
import { stages } from '../core/verification.ts';

/** The form's own two fields stand among the provider's; a hyphen keeps their names apart from any provider's. */
export const providerField = 'credential-provider';
export const nameField = 'credential-name';

/** The longest text a field may hold and the largest file that is read, in UTF-16 units and bytes. */
export const valueLimit = 1024 * 1024;

const id = z.number().check(z.int(), z.gte(0));
const fieldName = z.string().check(z.minLength(1), z.maxLength(100));
const fieldValue = z.union([z.string().check(z.maxLength(valueLimit)), z.number(), z.boolean()]);

function plain<const T extends string>(type: T) {
  return z.strictObject({ type: z.literal(type), id });
}

function ofField<const T extends string>(type: T) {
  return z.strictObject({ type: z.literal(type), id, field: fieldName });
}

const pageMessage = z.discriminatedUnion('type', [
  plain('ready'),
  z.strictObject({ type: z.literal('change'), id, field: fieldName, value: fieldValue }),
  ofField('leave'),
  ofField('clearSecret'),
  ofField('keepSecret'),
  ofField('chooseFile'),
  ofField('fetchChoices'),
  ofField('runAction'),
  ofField('openLink'),
  plain('verify'),
  plain('cancelVerify'),
  plain('save'),
  plain('discardMine'),
  plain('overwrite'),
  plain('close'),
]);

/** What the page asks of the host. `id` counts up from 0 with every message of one page. */
export type PageMessage = z.infer<typeof pageMessage>;

/** A request before the page has numbered it. */
export type Request = PageMessage extends infer M ? (M extends PageMessage ? Omit<M, 'id'> : never) : never;

const choices = z.array(z.object({ value: z.string(), label: z.string() }));

const fieldView = z.object({
  name: fieldName,
  kind: z.enum(['text', 'secret', 'number', 'toggle', 'choice', 'fetchedChoice', 'file', 'textArea', 'link', 'action']),
  label: z.string(),
  help: z.optional(z.string()),
  placeholder: z.optional(z.string()),
  required: z.boolean(),
  advanced: z.boolean(),
  shown: z.boolean(),
  choices: z.optional(choices),
  href: z.optional(z.string()),
  /** Absent for a secret: its value never comes to the page. */
  value: z.optional(fieldValue),
  /** Present for a secret alone; 'lost' is stored and can't be used any more. */
  secret: z.optional(z.enum(['stored', 'lost', 'entered', 'cleared', 'empty'])),
  preview: z.optional(z.string()),
  error: z.optional(z.string()),
  hint: z.optional(z.string()),
  busy: z.boolean(),
});

/** One field as the page draws it. */
export type FieldView = z.infer<typeof fieldView>;

const verificationStep = z.object({
  stage: z.enum(stages),
  status: z.enum(['ok', 'failed', 'denied', 'unknown', 'skipped']),
  sentence: z.string(),
  ms: z.number(),
  kind: z.optional(z.enum(errorKinds)),
  hint: z.optional(z.string()),
  detail: z.optional(z.string()),
});

const verificationView = z.object({
  running: z.boolean(),
  /** The draft has changed since. */
  stale: z.boolean(),
  steps: z.array(verificationStep),
  works: z.optional(z.boolean()),
  sentence: z.optional(z.string()),
  at: z.optional(z.number()),
});

/** A verification as far as it has come; `works`, `sentence` and `at` are there when it has ended, `at` only if it wasn't cancelled. */
export type VerificationView = z.infer<typeof verificationView>;

/** What a window needs to bring a form back after a reload: never a secret. */
export const memento = z.object({
  credential: z.optional(z.string().check(z.maxLength(200))),
  revision: z.optional(z.string().check(z.maxLength(200))),
  provider: z.string().check(z.maxLength(100)),
  name: z.string().check(z.maxLength(1000)),
  nameEdited: z.boolean(),
  values: z.record(fieldName, fieldValue),
  cleared: z.array(fieldName),
  /** The names of secrets that were entered and not saved: their values are gone by then. */
  entered: z._default(z.array(fieldName), []),
});

export type Memento = z.infer<typeof memento>;

const formState = z.object({
  type: z.literal('state'),
  /** Counts up with every state of one form: an older one is not drawn. */
  sequence: id,
  /** The last request this state takes into account: what the page asked later is not overwritten. -1 before any. */
  answered: z.number().check(z.int(), z.gte(-1)),
  title: z.string(),
  provider: z.string(),
  fields: z.array(fieldView),
  warning: z.optional(z.string()),
  /** Set when the credential was changed or removed elsewhere and the person has to decide. */
  conflict: z.optional(z.enum(['changed', 'removed'])),
  failure: z.optional(z.string()),
  verification: z.optional(verificationView),
  busy: z.boolean(),
  dirty: z.boolean(),
  /** The field to go to, in the one state that asks for it. */
  focus: z.optional(fieldName),
  memento,
});

/** Everything the page draws, in one message. */
export type FormState = z.infer<typeof formState>;

/** The message, if it is one of the page's; undefined for anything else. */
export function parsePageMessage(raw: unknown): PageMessage | undefined {
  return pageMessage.safeParse(raw).data;
}

/** The state, if it is one; undefined for anything else. */
export function parseFormState(raw: unknown): FormState | undefined {
  return formState.safeParse(raw).data;
}
