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

/** A value as it may turn up in a URL, a header, JSON, or inside base64. */
function encodings(secret: string): readonly string[] {
  if (secret.length < 4) return [];
  const percent = percentEncode(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    percent,
    percent.replaceAll('%20', '+'),
    percentEncodeAll(secret),
    ...base64Forms(secret),
    ...secret.split(/\r?\n/).filter((line) => line.length >= 24),
  ];
}

/** The part of a base64 text that the secret alone decides, for each of the three positions it can start at. */
function base64Forms(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  return [0, 1, 2].flatMap((offset) => {
    const encoded = btoa(String.fromCharCode(...new Uint8Array(offset), ...bytes)).replace(/=+$/, '');
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

const patterns: readonly { find: RegExp; replace: string }[] = [
  { find: /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(-----END \1-----|$)/g, replace: `-----BEGIN $1-----${mask}` },
  { find: /\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, replace: `$1${mask}` },
  { find: /\b(Bearer|Basic|Negotiate|OAuth)\s+[A-Za-z0-9+/=._~-]{8,}/gi, replace: `$1 ${mask}` },
  { find: /\b(Credential|Signature)=[^,&\s"']+/g, replace: `$1=${mask}` },
  { find: /\bAWS [^:\s]+:[A-Za-z0-9+/=]{20,}/g, replace: `AWS ${mask}` },
  {
    find: /([?&;](?:X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-(?:Signature|Credential)|Signature|sig|access_token|refresh_token|token|password|temp_url_sig)=)[^&#\s"'<>]+/gi,
    replace: `$1${mask}`,
  },
  {
    find: /\b((?:set-)?cookie|x-amz-security-token|x-auth-token|x-subject-token|authorization)(["']?\s*[:=]\s*["']?)[^\r\n"']+/gi,
    replace: `$1$2${mask}`,
  },
  {
    find: /(["']?(?:secret_?access_?key|secretKey|client_secret|account_?key|private_key|session_?token|refresh_token|access_token|api_key|password|passphrase)["']?\s*[:=]\s*["']?)[^\s"',;}&<]+/gi,
    replace: `$1${mask}`,
  },
  { find: /(<(SecretAccessKey|SessionToken)>)[^<]*/g, replace: `$1${mask}` },
  { find: /\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, replace: `$1:${mask}@` },
];
