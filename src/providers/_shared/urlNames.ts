import type { Draft } from '../../core/fields.ts';
import type { Location } from '../../core/provider.ts';

/** The names that a part of a URL can mean: decoded, as web addresses are written, or as it stands. One where both are the same or nothing in it is encoded right. */
export function decodedOrRaw(written: string): readonly string[] {
  try {
    return [...new Set([decodeURIComponent(written), written])];
  } catch {
    // A percent sign that begins no code: then it is meant as it stands.
    return [written];
  }
}

/** A host with its port, said too where it is the usual one. */
export function withPort(host: string, port: string, protocol: string): string {
  return `${host}:${port || (protocol === 'http:' ? 80 : 443)}`;
}

/** What the form of a credential begins with for a bucket at the provider's own server, or at one that the URL names. */
export function bucketDraft({ server, container }: Location, url: string): Draft {
  return {
    bucket: container,
    ...(server === '' ? {} : { endpoint: `${/^http:/i.test(url) ? 'http' : 'https'}://${server}` }),
  };
}
