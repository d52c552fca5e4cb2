import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requireCommands, runCommand, temporaryFolder } from './serverProcess.ts';

/** A certificate and its private key, as PEM files. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Certificates of one run: one good, and one for each way a certificate can be refused. */
export interface Certificates {
  readonly folder: string;
  /** The authority that signed all but `selfSigned`. */
  readonly caFile: string;
  /** For localhost and 127.0.0.1. */
  readonly server: Certificate;
  /** For localhost and 127.0.0.1, signed by nobody. */
  readonly selfSigned: Certificate;
  /** For another host's name. */
  readonly wrongHost: Certificate;
  /** For localhost and 127.0.0.1, valid for one day of the year 2020. */
  readonly expired: Certificate;
  remove(): Promise<void>;
}

const loopbackNames = 'DNS:localhost,IP:127.0.0.1';

/** Makes the certificates of one run in a temporary folder, with the openssl command. @param hosts further hosts that `server` is for */
export async function createCertificates(hosts: readonly string[] = []): Promise<Certificates> {
  await requireCommands('The test certificate authority', ['openssl'], ['openssl']);
  const folder = await temporaryFolder('certificates');
  const authority = await createAuthority(folder.path);
  const signed = (name: string, names: string, dates: readonly string[]) => sign(folder.path, name, names, dates);
  return {
    folder: folder.path,
    caFile: authority.certFile,
    server: await signed('server', [loopbackNames, ...hosts.map((host) => `DNS:${host}`)].join(','), ['-days', '30']),
    selfSigned: await selfSign(folder.path),
    wrongHost: await signed('wrong-host', 'DNS:storage.example.com', ['-days', '30']),
    expired: await signed('expired', loopbackNames, ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z']),
    remove: folder.remove,
  };
}

async function createAuthority(folder: string): Promise<Certificate> {
  const config = [
    '[ca]',
    'default_ca = authority',
    '[authority]',
    `new_certs_dir = ${folder}`,
    `database = ${join(folder, 'index.txt')}`,
    `certificate = ${join(folder, 'ca.pem')}`,
    `private_key = ${join(folder, 'ca.key')}`,
    'rand_serial = yes',
    'unique_subject = no',
    'default_md = sha256',
    'policy = any_subject',
    'copy_extensions = copy',
    '[any_subject]',
    'commonName = supplied',
    '[req]',
    'distinguished_name = request_name',
    '[request_name]',
    '[v3_ca]',
    'basicConstraints = critical,CA:TRUE',
    'keyUsage = critical,keyCertSign,cRLSign',
    'subjectKeyIdentifier = hash',
  ];
  await writeFile(join(folder, 'openssl.cnf'), `${config.join('\n')}\n`);
  await appendFile(join(folder, 'index.txt'), '');
  return createKeyed(folder, 'ca', ['-x509', '-days', '30', '-extensions', 'v3_ca', '-subj', '/CN=Test authority']);
}

function selfSign(folder: string): Promise<Certificate> {
  const names = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${loopbackNames}`];
  return createKeyed(folder, 'self-signed', ['-x509', '-days', '30', ...names]);
}

async function createKeyed(folder: string, name: string, args: readonly string[]): Promise<Certificate> {
  const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', files.keyFile];
  await runCommand('openssl', ['req', '-config', join(folder, 'openssl.cnf'), ...key, '-out', files.certFile, ...args]);
  return files;
}

async function sign(folder: string, name: string, names: string, dates: readonly string[]): Promise<Certificate> {
  const config = ['-config', join(folder, 'openssl.cnf')];
  const request = await createKeyed(folder, `${name}.request`, [
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`],
  ]);
  const certFile = join(folder, `${name}.pem`);
  const files = ['-in', request.certFile, '-out', certFile];
  await runCommand('openssl', ['ca', '-batch', '-notext', ...config, ...files, ...dates]);
  return { certFile, keyFile: request.keyFile };
}
