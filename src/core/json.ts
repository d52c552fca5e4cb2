export type JsonObject = Readonly<Record<string, unknown>>;

/** What a text says as JSON; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is text of so many characters. */
export function isText(value: unknown, least = 0, most = Number.POSITIVE_INFINITY): value is string {
  return typeof value === 'string' && value.length >= least && value.length <= most;
}

/** Whether a value is an object whose names and values all pass. */
export function isObjectOf<V>(
  value: unknown,
  isValue: (value: unknown) => value is V,
  isName: (name: string) => boolean = () => true,
): value is Readonly<Record<string, V>> {
  return isObject(value) && Object.entries(value).every(([name, each]) => isName(name) && isValue(each));
}
