import { describe, expect, it } from 'vitest';
import { parseDraft } from '../../../../src/core/drafts.ts';
import storj from '../../../../src/providers/storj/provider.ts';

const draft = { accessKeyId: 'id', secretAccessKey: 'secret' };

describe('Storj', () => {
  it('goes to its usual gateway, or to the one that is named, over https alone', () => {
    expect(storj.origin({})).toBe('https://gateway.storjshare.io');
    expect(storj.origin({ endpoint: 'https://gateway.eu1.storjshare.io' })).toBe('https://gateway.eu1.storjshare.io');
    const { issues } = parseDraft(storj.fields, { ...draft, endpoint: 'http://gateway.storjshare.io' });
    expect(issues).toMatchObject([{ field: 'endpoint', sentence: 'Storj is spoken to over https alone.' }]);
    expect(parseDraft(storj.fields, draft).issues).toEqual([]);
  });

  it('owns the URLs of its own gateways, and none of other servers', () => {
    const url = storj.artifactUrlOf({ kind: 'object', container: 'b', id: 'a/b c', name: 'b c', path: 'b/a/b c' }, {});
    expect(url).toBe('s3://gateway.storjshare.io:443/b/a/b c');
    expect(storj.parseUrl(url ?? '')).toEqual([{ server: storj.scopeOf({})?.server, container: 'b', ids: ['a/b c'] }]);
    for (const other of ['s3://b/k', 's3://minio:9000/b/k', 's3://storjshare.io.example:443/b/k']) {
      expect(storj.parseUrl(other)).toEqual([]);
    }
  });

  it('takes no names for buckets that have a dot', () => {
    expect(storj.refuseContainerName('photos-2026')).toBeUndefined();
    for (const name of ['photos.2026', 'Photos', 'ab', '-ab']) expect(storj.refuseContainerName(name)).toBeTruthy();
  });
});
