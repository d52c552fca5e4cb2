/**
 * Whether a key comes back from a list of keys in XML as it went in. XML 1.0 can't carry most control characters,
 * parsers fold line ends, and servers trim white space: such keys are deleted one by one, where the key stands in the path.
 */
export function travelsInXml(key: string): boolean {
  return !unsafeInXml.test(key) && key.trim() === key;
}

const unsafeInXml = /[\p{Cc}\u2028\u2029\uFEFF\uFFFE\uFFFF]/u;
