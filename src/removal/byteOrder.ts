/** Compares two ids as servers order them: by the bytes of their UTF-8 form. JavaScript's own order differs beyond U+FFFF. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return x >= firstSurrogate && y >= firstSurrogate ? aboveAll(x) - aboveAll(y) : x - y;
  }
  return a.length - b.length;
}

/** Whether each id stands behind the one before it. */
export function isOrdered(entries: readonly { readonly id: string }[]): boolean {
  let last: string | undefined;
  for (const { id } of entries) {
    if (last !== undefined && compareBytes(last, id) >= 0) return false;
    last = id;
  }
  return true;
}

const firstSurrogate = 0xd800;
const afterSurrogates = 0xe000;

/** Halves of characters beyond U+FFFF, which stand in the middle of the code units, put behind all others. */
function aboveAll(unit: number): number {
  return unit >= afterSurrogates ? unit - 0x800 : unit + 0x2000;
}
