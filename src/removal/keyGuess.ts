import { compareBytes } from './byteOrder.ts';

/** What some neighbours in a listing tell of where keys further on may be. */
export interface KeyGuess {
  /** A key that may stand so many pages behind the last neighbour, and before the end where one is known. */
  ahead(pages: number): string | undefined;
  /** How many pages may lie between the last neighbour and the end; undefined where no end is known. */
  readonly remaining: number | undefined;
}

/** The longest run of characters that is counted: what stands behind it is too fine to matter. */
const mostWheels = 64;

/**
 * Reads keys as an odometer: each place of a key is a wheel of the characters that it may have, and one page turns it so far
 * as it turned in what was listed. A guess may be wrong by any amount; it is only ever a place to start from.
 * @param sample some keys of the last page, in their order, the first and the last among them; all begin with `base`
 * @param pages how many pages the sample spans
 * @param end what the keys that are asked for don't go beyond
 */
export function guessFrom(
  sample: readonly string[],
  { base, pages, end }: { base: string; pages: number; end: string | undefined },
): KeyGuess | undefined {
  const [first, last] = [sample[0], sample.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const from = Math.max(base.length, afterSurrogates(first.slice(0, sharedLength(first, last))));
  const to = Math.min(sharedLength(first, last) + 8, from + mostWheels, firstSurrogateIn(sample, from));
  const seen = Array.from({ length: Math.max(0, to - from) }, (_, place) => charactersAt(sample, from + place));
  const isHex = seen.some((characters) => isMixedHex(characters));
  const wheels = seen.map((characters) => wheelOf(characters, isHex));
  const read = (key: string) => wheels.reduce((value, wheel, place) => turn(value, wheel, key[from + place]), 0n);
  const at = read(last);
  const span = (at - read(first)) / BigInt(Math.max(1, pages)) || 1n;
  const kept = last.slice(0, from);
  const limit = end?.startsWith(kept) ? read(end) - at : undefined;
  const room = wheels.reduce((all, wheel) => all * BigInt(wheel.length), 1n) - 1n - at;
  return {
    remaining: limit === undefined || limit < 0n ? undefined : Number(limit / span),
    ahead(distance) {
      const wanted = span * BigInt(Math.max(1, Math.round(distance)));
      const most = limit !== undefined && limit > 0n && limit < room ? limit : room;
      const key = kept + write(at + (wanted < most ? wanted : most / 2n), wheels);
      if (compareBytes(last, key) >= 0 || (end !== undefined && compareBytes(key, end) >= 0)) return undefined;
      return key;
    },
  };
}

/** The characters that a place of a key may have, in their order. */
type Wheel = string;

const digits = '0123456789';
const hex = '0123456789abcdef';
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = 'abcdefghijklmnopqrstuvwxyz';

function charactersAt(sample: readonly string[], place: number): string {
  return [...new Set(sample.map((key) => key[place] ?? ''))].join('');
}

function isMixedHex(characters: string): boolean {
  return /^[0-9a-f]*$/.test(characters) && /\d/.test(characters) && /[a-f]/.test(characters);
}

function wheelOf(seen: string, isHex: boolean): Wheel {
  if (isHex && /^[0-9a-f]+$/.test(seen) && /\d/.test(seen)) return hex;
  const classes = [digits, upper, lower].filter((each) => [...seen].some((character) => each.includes(character)));
  return [...new Set([...classes.join(''), ...seen])].sort().join('') || digits;
}

function turn(value: bigint, wheel: Wheel, character: string | undefined): bigint {
  const found = character === undefined ? 0 : wheel.indexOf(character);
  // What isn't on the wheel counts as the place where it would stand.
  const place = found >= 0 ? found : [...wheel].filter((each) => each < (character ?? '')).length;
  return value * BigInt(wheel.length) + BigInt(Math.min(place, wheel.length - 1));
}

function write(value: bigint, wheels: readonly Wheel[]): string {
  let rest = value;
  const characters = wheels.toReversed().map((wheel) => {
    const character = wheel[Number(rest % BigInt(wheel.length))] ?? '';
    rest /= BigInt(wheel.length);
    return character;
  });
  return characters.reverse().join('');
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Half of a character is no place to cut a key. */
function firstSurrogateIn(sample: readonly string[], from: number): number {
  const places = sample.map((key) => key.slice(from).search(surrogate)).filter((place) => place >= 0);
  return from + Math.min(...places, Number.POSITIVE_INFINITY);
}

function afterSurrogates(text: string): number {
  for (let length = text.length; length > 0; length--) if (surrogate.test(text[length - 1] ?? '')) return length;
  return 0;
}

const surrogate = /[\ud800-\udfff]/;
