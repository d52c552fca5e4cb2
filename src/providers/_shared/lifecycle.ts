import { StorageError } from '../../core/errors.ts';
import type { Place } from '../../core/storageClient.ts';
import { showName } from '../../core/text.ts';
import { containerOf, type Start } from './entries.ts';
import { checkPrefix } from './keys.ts';
import { travelsInXml } from './xmlKeys.ts';

/** What a lifecycle rule is for: a container, and a beginning of names in it, which is '' for all of it. */
export interface RulePlace {
  readonly container: string;
  readonly prefix: string;
}

/** Days after which what is there expires: no provider knows less. */
export const expireAfter = 1;

/** What a rule for a place names. Fails for what lies outside of a credential, and for a prefix that no rule can carry as it is. */
export function rulePlaceOf(at: Place, { container, prefix }: Start): RulePlace {
  const place = { container: containerOf(at), prefix: at.kind === 'folder' ? at.id : '' };
  if (container !== '' && (place.container !== container || !place.prefix.startsWith(prefix))) {
    throw new StorageError('forbidden', `This credential is for another place: ${place.container}`);
  }
  const refusal = checkPrefix(place.prefix);
  if (refusal) throw refusal;
  // A folder without a name would stand for everything in the container.
  if (at.kind === 'folder' && (place.prefix === '' || !travelsInXml(place.prefix))) {
    throw new StorageError('unsupported', `No lifecycle rule can name this exactly: ${showName(place.prefix)}`);
  }
  return place;
}

/** What is said of other rules that speak of the same names. */
export function overlapNotice(names: readonly string[]): readonly string[] {
  return names.length === 0
    ? []
    : [`Other rules speak of the same names, and stay as they are: ${names.map(showName).join(', ')}`];
}

/** Whether one beginning of names holds the other. */
export function overlaps(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

export function changedMeanwhile(container: string): StorageError {
  return new StorageError('changed', `The lifecycle rules were changed meanwhile, so nothing was done: ${container}`, {
    hint: 'Look at the difference again.',
  });
}

export function notShown(container: string): StorageError {
  return new StorageError(
    'unexpected',
    `The server does not show the lifecycle rules as they were sent: ${container}`,
    {
      hint: "Look at the rules with the provider's own tools before you rely on them.",
    },
  );
}
