import type { FieldKind, FieldValue } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import { holdsValue } from '../core/settings.ts';
import { nameField, type PageMessage, providerField } from './protocol.ts';

/** Whether a message is about something that the form has, in a way that the form allows. */
export function applies(message: PageMessage, provider: Provider, providers: readonly Provider[]): boolean {
  if (!('field' in message)) return true;
  const { type, field: name } = message;
  if (name === nameField) return type === 'leave' || (type === 'change' && typeof message.value === 'string');
  if (name === providerField) {
    return type === 'leave' || (type === 'change' && providers.some(({ id }) => id === message.value));
  }
  const field = Object.hasOwn(provider.fields, name) ? provider.fields[name] : undefined;
  if (!field) return false;
  switch (type) {
    case 'change':
      return holdsValue(field) && fits(field.kind, message.value);
    case 'leave':
      return true;
    case 'clearSecret':
    case 'keepSecret':
      return field.secret;
    case 'chooseFile':
      return field.kind === 'file';
    case 'fetchChoices':
      return field.kind === 'fetchedChoice';
    case 'runAction':
      return field.kind === 'action';
    case 'openLink':
      return field.kind === 'link';
  }
}

/** Whether a field of this kind can hold such a value, right or wrong. */
function fits(kind: FieldKind, value: FieldValue): boolean {
  if (kind === 'toggle') return typeof value === 'boolean';
  return typeof value === 'string' || (kind === 'number' && Number.isFinite(value));
}
