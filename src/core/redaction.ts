const mask = '•••';

/** Replaces secrets in any text that leaves the program: known values in every usual encoding, and what looks like one. */
export interface Redactor {
  /** Values to mask from now on. Values shorter than 4 characters are left out: masking them would garble everything. */
  add(values: Iterable<string>): void;
  redact(text: string): string;
}

export function createRedactor(): Redactor {
  const known = new Set<string>();
  let longestFirst: readonly string[] = [];
  return {
    add(values) {
      for (const value of values) for (const form of encodings(value)) known.add(form);
      longestFirst = [...known].sort((a, b) => b.length - a.length);
    },
    redact(text) {
      const withoutKnown = longestFirst.reduce((rest, secret) => rest.replaceAll(secret, mask), text);
      return patterns.reduce((rest, { find, replace }) => rest.replace(find, replace), withoutKnown);
    },
  };
}

/** A value as it may turn up in a URL, a header, JSON, XML, a dump of bytes, or inside base64. */
function encodings(secret: string): readonly string[] {
  if (secret.length < 4) return [];
  const percent = percentEncode(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const inOtherQuotes = json.replaceAll('\\"', '"');
  return [
    secret,
    json,
    inOtherQuotes,
    inOtherQuotes.replaceAll("'", "\\'"),
    xmlEscape(secret),
    ...[percent, percentEncodeAll(secret), new URLSearchParams({ '': secret }).toString().slice(1)].flatMap((form) => [
      form,
      form.replace(/%../g, (code) => code.toLowerCase()),
      percentEncode(form),
    ]),
    ...hexForms(secret),
    ...base64Forms(secret),
    ...secret.split(/\r?\n/).filter((line) => line.length >= 24),
  ];
}

/** As in a digest, and as Node prints a Buffer: it shows the first 50 bytes. */
function hexForms(secret: string): readonly string[] {
  const bytes = [...new TextEncoder().encode(secret)].map((byte) => byte.toString(16).padStart(2, '0'));
  return [bytes.join(''), bytes.slice(0, 50).join(' ')];
}

/** The part of a base64 text that the secret alone decides, for each of the three positions it can start at. */
function base64Forms(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  const binary = bytes.reduce((text, byte) => text + String.fromCharCode(byte), '');
  return [0, 1, 2].flatMap((offset) => {
    const encoded = btoa('\0'.repeat(offset) + binary).replace(/=+$/, '');
    const tail = (offset + bytes.length) % 3 === 0 ? encoded.length : -1;
    const certain = encoded.slice(offset === 0 ? 0 : offset + 1, tail);
    return certain.length < 8 ? [] : [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** encodeURIComponent for any string: a lone surrogate, which it refuses, stays as it is. */
function percentEncode(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

function percentEncodeAll(text: string): string {
  return percentEncode(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function xmlEscape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}

interface Pattern {
  readonly find: RegExp;
  readonly replace: string;
}

/** What a name is given as its value in JSON, in code, in a list of header names and values, or up to where `bare` ends. */
function valuesOf(names: string, bare: string): readonly Pattern[] {
  const quote = String.raw`\\*["']`;
  // Node prints a long text as several, joined by '+'.
  const plus = String.raw`\s*\+\s*["'\x60]`;
  const space = String.raw`(?:\s|\\+[nrt]|["'\x60]${plus})*`;
  const assigned = `(?:${names})(?:(?:${quote})?${space}[:=]${space}|${quote}${space},${space}(?=${quote}))`;
  const forms: readonly (readonly [open: string, value: string])[] = [
    // Quotes inside a quoted text: the value ends at a quote with as many backslashes as the first.
    [String.raw`(?<open>\\+["'])`, String.raw`(?:(?!(?<!\\)\k<open>)[^])*`],
    [`"(?!${plus})`, String.raw`(?:[^"]|(?<=\\)")*`],
    [`'(?!${plus})`, String.raw`(?:[^']|(?<=\\)')*`],
    [String.raw`\[`, String.raw`[^\]]*`],
    [String.raw`(?!\\*["']|\[|•|(?:undefined|null)\b)`, bare],
  ];
  return forms.map(([open, value]) => ({
    find: new RegExp(`(${assigned}${open})${value}`, 'gi'),
    replace: `$1${mask}`,
  }));
}

const secretHeaders =
  '(?:set-)?cookie|(?:proxy-)?authorization|x-amz-security-token|x-(?:auth|subject|storage|service|access)-token|x-api-key';

const secretNames = [
  'secret_?access_?key',
  'secret_?key',
  'client_?secret',
  'shared_?secret',
  '(?:account|storage|private|api|encryption|application)_?key',
  '(?:access|refresh|id|session|security|auth|authorization|sas)_?token',
  'code_verifier',
  'shared_?access_?signature',
  'password',
  'passwd',
  'passphrase',
  'pwd',
].join('|');

/** What looks like a secret, whether or not it is one of ours. */
const patterns: readonly Pattern[] = [
  {
    find: /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(-----END \1-----|$)/g,
    replace: `-----BEGIN $1-----${mask}`,
  },
  { find: /\b(AKIA|ASIA)[A-Z0-9]{12,}(?![A-Za-z0-9])/g, replace: `$1${mask}` },
  // 'Basic authentication failed' is a sentence; a credential has a digit, a capital inside, padding, or is long.
  {
    find: /\b([Bb]earer|[Bb]asic|[Nn]egotiate|OAuth)\s+(?=\S*(?:\d|=|[a-z][A-Z])|\S{24})[A-Za-z0-9+/=._~-]{8,}/g,
    replace: `$1 ${mask}`,
  },
  { find: /\beyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*/g, replace: mask },
  { find: /\b(?:ya29\.|sl\.[A-Za-z]+\.|IQoJb3JpZ2lu|FwoGZXIvYXdz)[\w+/=.-]{16,}/g, replace: mask },
  { find: /\b(Credential|Signature)=[^,&\s"']+/g, replace: `$1=${mask}` },
  { find: /\bAWS [^:\s]+:[A-Za-z0-9+/=]{20,}/g, replace: `AWS ${mask}` },
  {
    find: /([?&;](?:X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-(?:Signature|Credential)|Signature|sig|token|code|assertion|temp_url_sig)=)[^&#\s"'<>]+/gi,
    replace: `$1${mask}`,
  },
  { find: /\b(sig=)[A-Za-z0-9%+/=]{20,}/g, replace: `$1${mask}` },
  ...valuesOf(secretHeaders, String.raw`[^\r\n"']+`),
  ...valuesOf(secretNames, String.raw`[^\s"',;}&<]+`),
  { find: /(<(SecretAccessKey|SecretKey|SessionToken|Password)>)[^<]*/gi, replace: `$1${mask}` },
  { find: /\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]*):[^\s/]+@/gi, replace: `$1:${mask}@` },
];
