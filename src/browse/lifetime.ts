const units: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 };

/** The seconds that a person means by '90 minutes', '36 h' or '3 days'; undefined when it can't be told. */
export function parseLifetime(text: string): number | undefined {
  const [, count = '', unit = ''] = /^\s*(\d{1,9})\s*([a-z]+)\s*$/i.exec(text) ?? [];
  const name = Object.keys(units).find((each) => isShortFor(unit.toLowerCase(), each));
  return name === undefined || Number(count) === 0 ? undefined : Number(count) * (units[name] ?? 0);
}

/** The largest unit that says it in a whole number: '7 days', '90 minutes'. */
export function formatLifetime(seconds: number): string {
  const [name, size] = Object.entries(units).findLast(([each, of]) => each !== 'week' && seconds % of === 0) ?? [
    'second',
    1,
  ];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** 'm', 'min', 'minute' and 'minutes' are all minutes. */
function isShortFor(written: string, unit: string): boolean {
  return written !== '' && (unit.startsWith(written) || written === `${unit}s` || written === `${unit.slice(0, 3)}s`);
}
