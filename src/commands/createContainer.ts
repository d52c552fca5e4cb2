import { parseDraft } from '../core/drafts.ts';
import { StorageError } from '../core/errors.ts';
import type { Draft, Field, FieldValue } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import { isShown } from '../core/settings.ts';
import { showName } from '../core/text.ts';
import type { Dialogs, Option } from '../ui/dialogs.ts';
import type { Handler } from './parts.ts';
import { credentialTarget } from './targets.ts';

/** Asks for a name and what else can be said, and makes a container. */
export const createContainer: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Create Bucket or Container', node);
  if (!target) return;
  const { provider } = target;
  if (!provider.capabilities.has('createContainer')) {
    throw new StorageError('unsupported', `No ${provider.noun.many} can be made there: ${provider.label}`);
  }
  const name = await parts.dialogs.ask({
    title: `Create ${capital(provider.noun.one)} in: ${target.record.name}`,
    prompt: `The name of the new ${provider.noun.one}`,
    refuse: (text) => provider.refuseContainerName(text.trim()),
  });
  if (name === undefined) return;
  const options = await askOptions(parts.dialogs, provider, name.trim());
  if (!options) return;
  await using lease = await parts.sessions.open(target.id);
  const made = await parts.dialogs.progress(`Creating the ${provider.noun.one}: ${name.trim()}`, async (_, signal) =>
    lease.client.createContainer?.(name.trim(), options, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
    }),
  );
  if (!made) return;
  parts.log.info(`Created ${made.path}`);
  parts.tree.refresh(target);
  void parts.dialogs.notify('info', `Created the ${provider.noun.one}: ${showName(made.name)}`);
};

type Choice = { readonly kind: 'create' } | { readonly kind: 'field'; readonly name: string; readonly field: Field };

/** One list to change what should not be as it is; undefined when it was closed. */
async function askOptions(
  dialogs: Dialogs,
  { containerFields, noun }: Provider,
  name: string,
): Promise<Draft | undefined> {
  let draft: Draft = {};
  if (Object.keys(containerFields).length === 0) return draft;
  for (;;) {
    const fields = Object.entries(containerFields).filter(([field]) => isShown(containerFields, field, draft));
    const choice = await dialogs.pick<Choice>(`Create ${capital(noun.one)}: ${name}`, [
      { label: `Create ${capital(noun.one)}`, value: { kind: 'create' } },
      ...fields.map(([each, field]) => optionOf(each, field, draft[each])),
    ]);
    if (!choice) return undefined;
    if (choice.kind === 'create') return parseDraft(containerFields, draft).settings;
    const value = await askField(dialogs, choice.field, draft[choice.name]);
    if (value !== undefined) draft = { ...draft, [choice.name]: value };
  }
}

function optionOf(name: string, field: Field, value: FieldValue | undefined): Option<Choice> {
  return {
    label: `${field.label}: ${valueText(field, value)}`,
    ...(field.help === undefined ? {} : { detail: field.help }),
    value: { kind: 'field', name, field },
  };
}

function valueText({ kind, choices }: Field, value: FieldValue | undefined): string {
  if (kind === 'toggle') return value === true ? 'on' : 'off';
  return choices?.find((choice) => choice.value === value)?.label ?? (String(value ?? '') || 'default');
}

/** Choosing a toggle turns it; anything else is asked for. */
async function askField(
  dialogs: Dialogs,
  field: Field,
  value: FieldValue | undefined,
): Promise<FieldValue | undefined> {
  if (field.kind === 'toggle') return value !== true;
  if (field.choices) return await dialogs.pick(field.label, [...field.choices]);
  return await dialogs.ask({
    title: field.label,
    prompt: field.help ?? field.label,
    value: String(value ?? ''),
    refuse: (text) => (text === '' ? undefined : field.refuse?.(text)),
  });
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
