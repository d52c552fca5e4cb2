const control = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('');

/** 64 names that tools get wrong: each must reach a server exactly, or be refused before the call. */
export const oddKeys: readonly string[] = [
  '.',
  '..',
  'a/../b',
  'a/./b',
  '../up',
  './here',
  'a/..',
  'a/.',
  '...',
  '.hidden',
  '%2e%2e',
  'a/%2e%2e/b',
  '/',
  '//',
  '/leading',
  'trailing/',
  'a//b',
  'a///b',
  '//double',
  'double//',
  '%',
  '%25',
  '%zz',
  'a%20b',
  'a%2Fb',
  'a b',
  'a+b',
  'a+b c%20d',
  ' leading',
  'trailing ',
  ' ',
  '+',
  'question?mark',
  'hash#mark',
  '?delete',
  '?#',
  'a&b=c',
  'a;b,c:d@e$f!g*h(i)j\'k"l',
  'back\\slash',
  '<&>"\'',
  ']]>',
  '<img src=x onerror=alert(1)>',
  '007',
  '1e5',
  '0x10',
  '1.0',
  'true',
  'null',
  '__proto__',
  'constructor',
  'line\nfeed',
  'carriage\r\nreturn',
  'tab\tstop',
  `control${control}end`,
  'next line \u0085 delete \u007f',
  'separators \u2028 \u2029',
  '\ufeffmark',
  'composed \u00e9',
  'decomposed e\u0301',
  'emoji \u{1f600}',
  'right to left \u202e\u05e9\u05dc\u05d5\u05dd',
  'private use \uf8ff\uffff',
  `${'long/'.repeat(204)}long`,
  'half a character \ud83d',
];

/** Whether UTF-8 can carry a name: one that it can't must be refused before any call. */
export function isSendable(key: string): boolean {
  return key.isWellFormed();
}

/** Those that are no path of one file in a tree of files: parts of dots alone or of nothing, and zero bytes. */
export const unstorableFileNames: ReadonlySet<string> = new Set(
  oddKeys.filter((key) => key.includes('\0') || key.split('/').some((part) => part === '' || /^\.\.?$/.test(part))),
);

/** Those that lie hundreds of folders deep: ProFTPD looks up every folder of a path anew, for each command, and takes minutes. */
export const deepFileNames: ReadonlySet<string> = new Set(oddKeys.filter((key) => key.split('/').length > 100));

/** The path of a key in a request's target, by bytes: RFC 3986 unreserved characters and the slash stand for themselves. */
export function rawTarget(container: string, key: string): string {
  const encoded = Array.from(Buffer.from(key, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~/]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return `/${container}/${encoded.join('')}`;
}
