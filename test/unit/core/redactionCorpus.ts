/** One text that holds secrets, none of which the redactor was told. */
export interface Sample {
  readonly name: string;
  readonly text: string;
  readonly secrets: readonly string[];
}

/** Every place a secret is known to turn up in, each with several secrets. The values are random and open nothing. */
export function secretSamples(): readonly Sample[] {
  const random = randomFrom(20_260_101);
  return places.flatMap(([name, rounds, make]) =>
    Array.from({ length: rounds }, (_, n) => ({ name: `${name} ${n + 1}`, ...make(random) })),
  );
}

type Random = (alphabet: string, length: number) => string;
type Made = Omit<Sample, 'name'>;

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = upper.toLowerCase();
const digits = '0123456789';
const word = upper + lower + digits;
const base64 = `${word}+/`;
const base64url = `${word}-_`;
const hex = '0123456789abcdef';

const places: readonly (readonly [name: string, rounds: number, make: (random: Random) => Made])[] = [
  [
    'access key id',
    6,
    (r) =>
      one(`${pick(r, ['AKIA', 'ASIA'])}`, r(upper + digits, 16), (id, head) => `The key ${head}${id} does not exist.`),
  ],
  ['secret key in code', 6, (r) => given(r(base64, 40), (s) => `{ accessKeyId: 'id', secretAccessKey: '${s}' }`)],
  ['secret key in JSON', 6, (r) => given(r(base64, 40), (s) => `{"AccessKeyId":"id","SecretAccessKey":"${s}"}`)],
  [
    'secret key in JSON in a string',
    4,
    (r) => given(r(base64, 40), (s) => JSON.stringify(JSON.stringify({ secretAccessKey: s }))),
  ],
  [
    'secret key in a profile',
    6,
    (r) => given(r(base64, 40), (s) => `[default]\naws_secret_access_key = ${s}\nregion = eu-west-1`),
  ],
  [
    'secret key in the environment',
    4,
    (r) => given(r(base64, 40), (s) => `AWS_SECRET_ACCESS_KEY=${s} AWS_REGION=eu-west-1`),
  ],
  [
    'secret key in XML',
    6,
    (r) => given(r(base64, 40), (s) => `<Credentials><SecretAccessKey>${s}</SecretAccessKey></Credentials>`),
  ],
  ['session token in XML', 4, (r) => given(r(base64, 120), (s) => `<SessionToken>${s}</SessionToken>`)],
  [
    'shared access signature in a URL',
    8,
    (r) =>
      given(
        encodeURIComponent(`${r(base64, 43)}=`),
        (s) => `GET https://a.blob.example/c?sv=2024-11-04&sp=r&sig=${s}&se=2026-01-01`,
      ),
  ],
  [
    'shared access signature by itself',
    6,
    (r) => given(encodeURIComponent(`${r(base64, 43)}=`), (s) => `SharedAccessSignature=sv=2024-11-04&sp=r&sig=${s}`),
  ],
  [
    'connection string',
    8,
    (r) =>
      given(
        `${r(base64, 86)}==`,
        (s) => `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${s};EndpointSuffix=core.example`,
      ),
  ],
  ['presigned URL', 10, (r) => presigned(r(hex, 64), r(upper + digits, 16))],
  [
    'presigned URL of version 2',
    4,
    (r) =>
      given(
        encodeURIComponent(`${r(base64, 27)}=`),
        (s) => `https://b.s3.example/k?AWSAccessKeyId=x&Expires=1&Signature=${s}`,
      ),
  ],
  [
    'session token in a URL',
    4,
    (r) => given(r(base64url, 200), (s) => `https://b.s3.example/k?X-Amz-Date=1&X-Amz-Security-Token=${s}&x=1`),
  ],
  [
    'authorization of version 4',
    8,
    (r) =>
      given(
        r(hex, 64),
        (s) =>
          `Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature=${s}`,
      ),
  ],
  ['authorization of version 2', 4, (r) => given(`${r(base64, 27)}=`, (s) => `sent AWS user:${s} to the server`)],
  ['bearer token', 8, (r) => given(r(base64url, 60), (s) => `the request had Bearer ${s} in it`)],
  [
    'bearer token in headers',
    6,
    (r) => given(r(base64url, 60), (s) => `headers: { accept: '*/*', authorization: 'Bearer ${s}', host: 'x' }`),
  ],
  [
    'basic authorization',
    6,
    (r) => given(Buffer.from(`user:${r(word, 12)}`).toString('base64'), (s) => `authorization: Basic ${s}`),
  ],
  [
    'authorization in a list of headers',
    4,
    (r) => given(r(base64url, 40), (s) => `rawHeaders: [\n  'Authorization',\n  'Custom ${s}',\n  'Host', 'x' ]`),
  ],
  [
    'web token by itself',
    6,
    (r) => given(r(base64url, 86), (s) => `invalid: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.${s}`),
  ],
  [
    'private key',
    8,
    (r) =>
      pem(
        r,
        pick(r, ['RSA PRIVATE KEY', 'PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']),
        '\n',
      ),
  ],
  ['private key in JSON', 4, (r) => pem(r, 'PRIVATE KEY', '\\n')],
  [
    'private key cut off',
    4,
    (r) => given(r(base64, 64), (s) => `-----BEGIN RSA PRIVATE KEY-----\n${s}\n${s.slice(0, 20)}`),
  ],
  [
    'password in a URL',
    8,
    (r) =>
      given(r(word, 12), (s) => `connecting to ${pick(r, ['sftp', 'ftp', 'https'])}://alice:${s}@files.example:22/in`),
  ],
  [
    'password with a commercial at in a URL',
    4,
    (r) => given(r(word, 8), (s) => `https://alice:${s.slice(0, 4)}@${s}@files.example/in`),
  ],
  ['cookie', 6, (r) => given(r(word, 24), (s) => `Cookie: theme=dark; session=${s}`)],
  [
    'cookies in headers',
    6,
    (r) => given(r(word, 24), (s) => `'set-cookie': [ 'a=1', 'session=${s}; Path=/; HttpOnly' ],`),
  ],
  [
    'token of OAuth',
    8,
    (r) =>
      given(
        r(base64url, 50),
        (s) => `{"access_token":"${s}","token_type":"bearer","refresh_token":"${s}","expires_in":3600}`,
      ),
  ],
  [
    'request for a token',
    6,
    (r) => given(r(base64url, 30), (s) => `grant_type=refresh_token&client_id=x&client_secret=${s}&refresh_token=${s}`),
  ],
  ['token of OpenStack', 4, (r) => given(r(base64url, 80), (s) => `X-Auth-Token: ${s}\r\nAccept: */*`)],
  [
    'signature of a temporary URL',
    2,
    (r) => given(r(hex, 40), (s) => `https://swift.example/v1/a/c/o?temp_url_sig=${s}&temp_url_expires=1`),
  ],
  [
    'password in settings',
    8,
    (r) => given(r(word, 10), (s) => `host = files.example\nuser = alice\npassword = ${s}\nport = 22`),
  ],
  [
    'password with spaces and quotes',
    4,
    (r) => given(r(word, 6), (s) => JSON.stringify({ password: `my "${s} horse ${s}`, port: 22 })),
  ],
  ['passphrase in code', 4, (r) => given(r(word, 10), (s) => `{ privateKey: undefined, passphrase: '${s}' }`)],
];

/** Texts as the program, servers and libraries write them, without a secret: none should change. */
export function harmlessTexts(): readonly string[] {
  const sentences = [
    'Basic authentication failed.',
    'Bearer authentication is not supported by this server.',
    'OAuth authorization has expired. Sign in again.',
    'The Access Key ID you provided does not exist in our records.',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    'SignatureDoesNotMatch (403)',
    'InvalidAccessKeyId: check the Access Key ID.',
    'Enter a value: Secret Access Key',
    'The secret of this credential was entered for another server.',
    'This credential was changed in another window.',
    'connect ECONNREFUSED 127.0.0.1:9000',
    'getaddrinfo ENOTFOUND bucket.s3.example.com',
    'self-signed certificate in certificate chain',
    "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:other.example",
    'GET https://s3.eu-west-1.amazonaws.com/bucket?list-type=2&prefix=a%2Fb&max-keys=1000&encoding-type=url 200 in 34 ms',
    'GET /bucket?list-type=2&continuation-token=1ueGcxLPRx1Tr%2FXYExHnhbYLgveDs2J%2Fwm36Hy4vbOwM%3D 200',
    'x-amz-request-id: 4442587FB7D0A2F9',
    'x-amz-id-2: vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo=',
    'ETag: "d41d8cd98f00b204e9800998ecf8427e"',
    'sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '"secretNames": ["secretAccessKey", "sessionToken"]',
    '{ kind: "unauthenticated", retryable: false }',
    '    at Session.open (file:///home/alice/project/src/sessions/sessions.ts:61:18)',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
    'Deleted 1,204. Failed: 3',
    's3://bucket/backups/2026-01-01/akia-notes.txt',
    'objects/basic/password-reset.html',
    'docs/cookies/authorization.md',
    'https://user@files.example/path',
    'sftp://alice@files.example:22/in',
    'https://files.example:8443/a/@scope/package',
    'mailto:alice@files.example',
    '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQm9n\n-----END CERTIFICATE-----',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx3 alice@laptop',
    'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
    '<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>',
    '<ListBucketResult><Name>bucket</Name><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>',
    'Retry-After: 120',
    'password: undefined',
    'The token has expired.',
  ];
  const random = randomFrom(7);
  const generated = Array.from({ length: 160 }, (_, n) => {
    const [a, b] = [random(lower, 8), random(word, 10)];
    const forms = [
      `list ${a}/${b}/ in bucket ${a}: 200 in ${n} ms`,
      `DELETE https://${a}.s3.example.com/${b}/${n}.parquet?versionId=${b} 204`,
      `removal ${random(hex, 24)}: deleted ${n}, already gone 0, failed 0`,
      `{"key":"${a}/${b}.json","size":${n},"etag":"${random(hex, 32)}"}`,
    ];
    return forms[n % forms.length] ?? '';
  });
  return [...sentences, ...generated];
}

function given(secret: string, make: (secret: string) => string): Made {
  return { text: make(secret), secrets: [secret] };
}

function one(head: string, secret: string, make: (secret: string, head: string) => string): Made {
  return { text: make(secret, head), secrets: [secret] };
}

function presigned(signature: string, id: string): Made {
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA${id}%2F20260101&X-Amz-Signature=${signature}`;
  return { text: `403 for https://b.s3.example/a%20b?${query}&x-id=GetObject`, secrets: [signature, id] };
}

function pem(random: Random, label: string, newline: string): Made {
  const lines = Array.from({ length: 4 }, () => random(base64, 64));
  const text = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join(newline);
  return { text: `could not parse "${text}" as a key`, secrets: lines };
}

function pick(random: Random, values: readonly string[]): string {
  return values[random(digits, 6).charCodeAt(5) % values.length] ?? '';
}

/** The same letters at every run: a linear congruential generator (Numerical Recipes). */
function randomFrom(seed: number): Random {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return (alphabet, length) => Array.from({ length }, () => alphabet[next(alphabet.length)]).join('');
}
