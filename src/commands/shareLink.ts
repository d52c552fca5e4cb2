import { env } from 'vscode';
import { formatLifetime, parseLifetime } from '../browse/lifetime.ts';
import { StorageError } from '../core/errors.ts';
import { showName } from '../core/text.ts';
import type { Dialogs } from '../ui/dialogs.ts';
import type { Handler } from './parts.ts';
import { entryTargets } from './targets.ts';

const usual = [15 * 60, 3600, 86_400, 7 * 86_400];

/** Copies a link that opens one object for whoever has it, for as long as is chosen. The link itself is shown and logged nowhere. */
export const shareLink: Handler = async (parts, node) => {
  const [target] = await entryTargets(parts, 'Copy Share Link', ['object'], node);
  if (!target) return;
  const { provider } = target.credential;
  if (!provider.capabilities.has('share'))
    throw new StorageError('unsupported', `Links can't be made there: ${provider.label}`);
  const title = `Share: ${showName(target.entry.path)}`;
  const seconds = await chooseLifetime(parts.dialogs, title, provider.limits.share ?? Number.MAX_SAFE_INTEGER);
  if (seconds === undefined) return;
  await using lease = await parts.sessions.open(target.credential.id);
  const link = await lease.client.share?.(target.entry, { seconds }, { signal: AbortSignal.timeout(60_000) });
  if (!link) return;
  const { url, expires, caveat } = link;
  await env.clipboard.writeText(url);
  parts.log.info(`Copied a link that works until ${new Date(expires).toISOString()}.`);
  const sentence = [`Copied. Works until ${new Date(expires).toLocaleString()}.`, caveat].filter(Boolean).join(' ');
  void parts.dialogs.notify('info', sentence);
};

/** Undefined when it was closed. */
async function chooseLifetime(dialogs: Dialogs, title: string, limit: number): Promise<number | undefined> {
  const chosen = await dialogs.pick<number | 'other'>(`${title}. Whoever has the link can open it for:`, [
    ...usual.filter((seconds) => seconds <= limit).map((value) => ({ label: formatLifetime(value), value })),
    { label: 'Other…', value: 'other' },
  ]);
  if (chosen !== 'other') return chosen;
  const typed = await dialogs.ask({
    title,
    prompt: `How long the link works, at most ${formatLifetime(limit)}. For example: 36 hours`,
    refuse: (text) => {
      const seconds = parseLifetime(text);
      if (seconds === undefined) return 'Enter a number and a unit, such as 90 minutes, 36 hours or 3 days.';
      return seconds > limit ? `The longest is: ${formatLifetime(limit)}` : undefined;
    },
  });
  return typed === undefined ? undefined : parseLifetime(typed);
}
