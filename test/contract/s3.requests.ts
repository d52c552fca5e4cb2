import { SaxesParser } from 'saxes';
import type { RecordedRequest } from '../servers/faultProxy.ts';

/** The keys that a recorded S3 request deletes: the one in its path, or those in its body, read by a parser that is not the SDK's. */
export function keysDeletedBy({ method, target, body }: RecordedRequest): readonly string[] {
  const [path = '', query = ''] = target.split('?');
  if (method === 'DELETE') return [keyIn(path)].filter((key) => key !== '');
  const batch = method === 'POST' && query.split('&').some((part) => part.split('=')[0] === 'delete');
  return batch && body ? textsOf('Key', body) : [];
}

/** A whole page that says that it goes on, always at the same place. */
export function endlessListing(page: Buffer): Buffer {
  const text = page
    .toString('utf8')
    .replace('<IsTruncated>false</IsTruncated>', '<IsTruncated>true</IsTruncated>')
    .replace(/<\/ListBucketResult>$/, '<NextContinuationToken>again</NextContinuationToken></ListBucketResult>');
  return Buffer.from(text);
}

/** The key in a path-style target, decoded byte by byte and not as a URL. */
function keyIn(path: string): string {
  const encoded = /^\/[^/]+\/(.*)$/s.exec(path)?.[1] ?? '';
  const bytes = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The texts of all elements of a name in a document. */
export function textsOf(element: string, xml: string): string[] {
  const texts: string[] = [];
  const parser = new SaxesParser();
  let text = '';
  parser.on('opentag', () => {
    text = '';
  });
  parser.on('text', (part) => {
    text += part;
  });
  parser.on('closetag', ({ name }) => {
    if (name === element) texts.push(text);
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
  return texts;
}
