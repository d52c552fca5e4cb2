import { expect, test } from 'vitest';
import { createNetwork, type NetworkSettings } from '../../../src/sessions/network.ts';

const none: NetworkSettings = { proxySupport: 'override', proxy: '', noProxy: [], systemCertificates: false };

function proxyOf(
  url: string,
  settings: Partial<NetworkSettings>,
  environment: Record<string, string> = {},
): string | undefined {
  return createNetwork({ ...none, ...settings }, environment).proxyFor(new URL(url))?.href;
}

test('without settings and environment there is no proxy and no certificate', () => {
  expect(proxyOf('https://s3.example', {})).toBeUndefined();
  expect(createNetwork(none, {}).certificates).toEqual([]);
});

test('the setting wins over the environment, which is asked by scheme and in either case', () => {
  const environment = { https_proxy: 'http://env.example:3128', HTTP_PROXY: 'plain.example:8080' };
  expect(proxyOf('https://s3.example', { proxy: 'http://set.example:1' }, environment)).toBe('http://set.example:1/');
  expect(proxyOf('https://s3.example', {}, environment)).toBe('http://env.example:3128/');
  expect(proxyOf('http://s3.example', {}, environment)).toBe('http://plain.example:8080/');
});

test('proxies can be turned off', () => {
  expect(proxyOf('https://s3.example', { proxy: 'http://set.example', proxySupport: 'off' })).toBeUndefined();
});

test.each(['http://[', 'socks5://set.example:1080'])('a proxy that can not be used is not passed by: %s', (proxy) => {
  expect(() => proxyOf('https://s3.example', { proxy })).toThrow(/proxy|Proxies/);
});

test.each(['http://localhost:9000', 'http://127.0.0.1:9000', 'http://[::1]:9000', 'https://s3.localhost'])(
  'this machine is reached without a proxy: %s',
  (url) => {
    expect(proxyOf(url, { proxy: 'http://set.example' })).toBeUndefined();
  },
);

test.each([
  ['s3.example', true],
  ['example', true],
  ['.example', true],
  ['*.example', true],
  ['*', true],
  ['S3.EXAMPLE', true],
  ['s3.example:443', true],
  ['s3.example:9000', false],
  ['3.example', false],
  ['other.example', false],
  ['', false],
])('an exempt host covers itself and all below it: %s', (pattern, exempt) => {
  const url = 'https://s3.example/bucket';
  const proxy = 'http://set.example';
  expect(proxyOf(url, { proxy, noProxy: [pattern] }) === undefined).toBe(exempt);
  expect(proxyOf(url, { proxy }, { no_proxy: `else.example, ${pattern}` }) === undefined).toBe(exempt);
});
