/** A name as a person may safely read it: what is invisible or turns text around is written as its code, such as \u202e. */
export function showName(name: string): string {
  return name.replace(deceptive, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`;
  });
}

/** A name as the label of a row: one that begins or ends in white space stands in quotes, so that it can be told from others. */
export function labelName(name: string): string {
  return name === name.trim() ? showName(name) : `"${showName(name)}"`;
}

/** Sentences one after the other, each with its full stop; what is absent is left out. */
export function joinSentences(...sentences: readonly (string | undefined | false)[]): string {
  return sentences
    .filter((sentence) => sentence !== undefined && sentence !== false && sentence !== '')
    .map((sentence) => (/[.!?…]$/.test(String(sentence)) ? sentence : `${sentence}.`))
    .join(' ');
}

/** A count with its thousands apart: 1,204. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** A count and its noun: '1 object', '1,204 objects'. */
export function formatCounted(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Bytes in the largest decimal unit that keeps at least one digit before the point: 3.4 GB. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let value = bytes;
  let unit = 0;
  while (rounded(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return formatCounted(bytes, 'byte', 'bytes');
  return `${formatCount(rounded(value))} ${units[unit]}`;
}

/** The first names, shown, and how many more there are: 'a, b and 3 more'. */
export function formatNames(names: readonly string[], most = 10): string {
  const shown = names.slice(0, most).map(showName).join(', ');
  return names.length > most ? `${shown} and ${formatCount(names.length - most)} more` : shown;
}

/** One decimal below 100, none above. */
function rounded(value: number): number {
  return value < 99.95 ? Math.round(value * 10) / 10 : Math.round(value);
}

/** Control characters, lone surrogates, and what Unicode draws as nothing or uses to change direction; joiners inside emoji stay. */
const deceptive =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
