/** Numbers that are the same in every run with the same seed (mulberry32), and what can be made of them. */
export function createRandom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const text = () => Array.from({ length: below(20) }, () => String.fromCharCode(below(0xffff))).join('');
  const value = (depth = 0): unknown =>
    pick<() => unknown>([
      () => undefined,
      () => null,
      () => next() < 0.5,
      () => (next() - 0.5) * 1e9,
      text,
      () => (depth > 3 ? [] : Array.from({ length: below(4) }, () => value(depth + 1))),
      () => (depth > 3 ? {} : Object.fromEntries(Array.from({ length: below(4) }, () => [text(), value(depth + 1)]))),
    ])();
  return { below, pick, text, value };
}
