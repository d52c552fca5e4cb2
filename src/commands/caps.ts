import { workspace } from 'vscode';
import { type Caps, usualCaps } from '../removal/confirm.ts';

/** From so many objects on, a rule of the provider's own is offered in place of a deletion, as the settings say. */
export function offersRuleFrom(): number {
  const value = workspace.getConfiguration('storageCredentials').get<unknown>('offerLifecycleRuleFrom');
  return typeof value === 'number' && value >= 1 ? value : 1_000_000;
}

/** How much a click may delete, as the settings say; what is no number there counts as the usual. */
export function caps(): Caps {
  const settings = workspace.getConfiguration('storageCredentials');
  const numberAt = (name: string) => {
    const value = settings.get<unknown>(name);
    return typeof value === 'number' && value >= 0 ? value : undefined;
  };
  return {
    objects: numberAt('mostObjectsByClick') ?? usualCaps.objects,
    bytes: numberAt('mostBytesByClick') || usualCaps.bytes,
  };
}
