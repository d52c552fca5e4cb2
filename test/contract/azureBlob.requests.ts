import type { RecordedRequest } from '../servers/faultProxy.ts';

/** The names that a recorded request deletes: the one in its path, or those in the parts of a batch. */
export function namesDeletedBy({ method, target, body }: RecordedRequest): readonly string[] {
  const [path = '', query = ''] = target.split('?');
  if (method === 'DELETE') return [nameIn(path)].filter((name) => name !== '');
  const batch = method === 'POST' && query.split('&').includes('comp=batch');
  return batch ? targetsIn(body ?? '').map(nameIn) : [];
}

/** The path of a blob, as the library writes it: some characters stand for themselves. */
export function pathOf(account: string, container: string, id: string): string {
  if (id === '') return `/${account}/${container}`;
  const bytes = Array.from(Buffer.from(id, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~/!()*]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return `/${account}/${container}/${bytes.join('')}`;
}

/** A whole page that says that it goes on, always at the same place. */
export function endlessListing(page: Buffer): Buffer {
  const text = page.toString('utf8').replace(/<NextMarker\s*\/>/, '<NextMarker>again</NextMarker>');
  return Buffer.from(text);
}

/** The request lines of the parts of a batch. */
function targetsIn(body: string): string[] {
  return body.split('\r\n').flatMap((line) => {
    const [, target] = /^DELETE (\S+) HTTP\/1\.1$/.exec(line) ?? [];
    return target === undefined ? [] : [target.split('?')[0] ?? ''];
  });
}

/** The name behind account and container, decoded byte by byte and not as a URL. */
function nameIn(path: string): string {
  const encoded = /^\/[^/]+\/[^/]+\/(.*)$/s.exec(path)?.[1] ?? '';
  const bytes = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
