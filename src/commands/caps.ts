import { workspace } from 'vscode';
import { type Caps, usualCaps } from '../removal/confirm.ts';

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
