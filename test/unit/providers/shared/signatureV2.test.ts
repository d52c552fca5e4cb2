import { describe, expect, it, test } from 'vitest';
import {
  createSignerV2,
  presignV2,
  signatureOf,
  stringToSign,
  subResources,
} from '../../../../src/providers/_shared/s3/signatureV2.ts';

// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

test.each([
  ['GET', {}, 'Tue, 27 Mar 2007 19:36:42 +0000', '/johnsmith/photos/puppy.jpg', 'bWq2s1WEIj+Ydj0vQ697zp+IXMU='],
  [
    'PUT',
    { 'Content-Type': 'image/jpeg' },
    'Tue, 27 Mar 2007 21:15:45 +0000',
    '/johnsmith/photos/puppy.jpg',
    'MyyxeRY7whkBe+bq8fHCL/2kKUg=',
  ],
  ['GET', {}, 'Tue, 27 Mar 2007 19:42:41 +0000', '/johnsmith/', 'htDYFYduRNen8P9ZfE/s9SuKy0U='],
  ['GET', {}, 'Tue, 27 Mar 2007 19:44:46 +0000', '/johnsmith/?acl', 'c2WLPFtWHVgbEmeEG93a4cG37dM='],
  ['DELETE', {}, 'Tue, 27 Mar 2007 21:20:26 +0000', '/johnsmith/photos/puppy.jpg', 'lx3byBScXR6KzyMaifNkardMwNk='],
  [
    'PUT',
    {
      'content-md5': '4gJE4saaMU4BqNR0kLY+lw==',
      'content-type': 'application/x-download',
      'X-Amz-Meta-ReviewedBy': 'joe@johnsmith.net,jane@johnsmith.net',
      'X-Amz-Meta-FileChecksum': '0x02661779',
      'X-Amz-Meta-ChecksumAlgorithm': 'crc32',
      'x-amz-acl': 'public-read',
    },
    'Tue, 27 Mar 2007 21:06:08 +0000',
    '/static.johnsmith.net/db-backup.dat.gz',
    'ilyl83RwaSoYIEdixDQcA4OnAnc=',
  ],
])('signs the documented %s request of %j', (method, headers, date, resource, signature) => {
  const text = stringToSign(method, headers as Record<string, string>, date, resource);
  expect(signatureOf(keys.secretAccessKey, text)).toBe(signature);
});

it('signs the documented link', () => {
  const server = new URL('https://s3.amazonaws.com');
  expect(presignV2('https://johnsmith.s3.amazonaws.com/photos/puppy.jpg', server, keys, 1175139620)).toBe(
    'https://johnsmith.s3.amazonaws.com/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1175139620&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D',
  );
});

describe('what is signed', () => {
  it('is of the query only what names another resource, sorted and decoded', () => {
    expect(subResources({ prefix: 'a', versions: '', 'max-keys': '5', acl: null })).toBe('?acl&versions');
    expect(subResources({ versionId: 'a+b/c=', 'response-content-type': 'text/plain; a' })).toBe(
      '?response-content-type=text/plain; a&versionId=a+b/c=',
    );
  });

  it('is the same for a bucket in the host and a bucket in the path', async () => {
    const signer = createSignerV2(async () => keys, new URL('http://storage.example.com:9000'));
    const signingDate = new Date(0);
    const request = { method: 'GET', headers: {}, query: {} };
    const inHost = await signer.sign(
      { ...request, hostname: 'photos.storage.example.com', path: '/a%20b' },
      { signingDate },
    );
    const inPath = await signer.sign(
      { ...request, hostname: 'storage.example.com', path: '/photos/a%20b' },
      { signingDate },
    );
    expect(inHost.headers).toEqual(inPath.headers);
    expect(inHost.headers).toMatchObject({ date: 'Thu, 01 Jan 1970 00:00:00 GMT' });
  });

  it('holds a session token, and nothing of an earlier signature', async () => {
    const signer = createSignerV2(async () => ({ ...keys, sessionToken: 'token' }), new URL('http://localhost:9000'));
    const request = {
      method: 'GET',
      hostname: 'localhost',
      path: '/b',
      headers: { Authorization: 'AWS old:signature', 'X-Amz-Date': 'then', host: 'localhost' },
    };
    const { headers } = await signer.sign(request, { signingDate: new Date(0) });
    expect(Object.keys(headers).sort()).toEqual(['authorization', 'date', 'host', 'x-amz-security-token']);
    const without = await createSignerV2(async () => keys, new URL('http://localhost:9000')).sign(
      { ...request, headers: {} },
      { signingDate: new Date(0) },
    );
    expect(headers).not.toMatchObject({ authorization: (without.headers as Record<string, string>).authorization });
  });
});
