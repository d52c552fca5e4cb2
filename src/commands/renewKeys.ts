import type { FieldValue } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import { renewableFields } from '../core/settings.ts';
import type { CredentialRecord } from '../credentials/record.ts';
import { findCredential } from '../credentials/unlock.ts';
import type { Handler, Parts } from './parts.ts';
import { credentialTarget } from './targets.ts';

/** Asks for new temporary keys of a credential and saves them; all else of it stays. */
export const enterNewKeys: Handler = async (parts, node) => {
  const target = await credentialTarget(parts, 'Enter New Keys', node);
  if (!target) return;
  const { record, provider } = await findCredential(parts, target.id);
  if (renewableFields(provider.fields, record.settings).length === 0) return await parts.forms.edit(record.id);
  await renewKeys(parts, record, provider);
};

/**
 * Asks for each part of a credential's keys and saves them on top of `record`; false when the person did not answer or there is
 * nothing to ask for. Fails with 'changed' when the credential has another revision by now.
 */
export async function renewKeys(parts: Parts, record: CredentialRecord, provider: Provider): Promise<boolean> {
  const { fields } = provider;
  const names = renewableFields(fields, record.settings);
  if (names.length === 0) return false;
  const settings: Record<string, FieldValue> = { ...record.settings };
  const secrets: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const text = await askFor(parts, record, provider, name, `${index + 1} of ${names.length}`);
    if (text === undefined) return false;
    if (fields[name]?.secret) {
      if (text !== '') secrets[name] = text;
    } else settings[name] = text;
  }
  const keep = record.secretNames.filter((name) => !names.includes(name));
  const { id, provider: providerId, name, revision } = record;
  await parts.credentials.save({ id, provider: providerId, name, settings, secrets, keep, basedOn: revision });
  return true;
}

async function askFor(
  { dialogs }: Parts,
  record: CredentialRecord,
  { fields }: Provider,
  name: string,
  step: string,
): Promise<string | undefined> {
  const field = fields[name];
  if (!field) return undefined;
  const current = record.settings[name];
  const text = await dialogs.ask({
    title: `Enter New Keys (${step}): ${record.name}`,
    prompt: field.required ? field.label : `${field.label} (leave empty if there is none)`,
    refuse: (typed) => (typed.trim() === '' ? emptyRefusal(field) : field.refuse?.(typed)),
    ...(field.secret ? { password: true } : { value: String(current ?? '') }),
  });
  return field.secret ? text : text?.trim();
}

function emptyRefusal({ required, label }: { readonly required: boolean; readonly label: string }): string | undefined {
  return required ? `Enter a value: ${label}` : undefined;
}
