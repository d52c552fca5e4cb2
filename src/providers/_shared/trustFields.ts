import { file, toggle } from '../../core/fields.ts';

/** The fields that say how far a server's certificate is trusted. */
export const trustFields = {
  verifyCertificate: toggle({
    label: 'Verify SSL certificate',
    help: 'Turned off, anyone on the way can pose as the server. Better: give its CA bundle below.',
    default: true,
  }),
  caBundle: file({
    label: 'CA bundle',
    help: 'Certificates in PEM to trust beside those of this machine.',
    accept: ['pem', 'crt', 'cer'],
    when: { verifyCertificate: [true] },
    refuse: (value) => (certificatesIn(value) === 0 ? 'This holds no certificate in PEM.' : undefined),
    preview: (content) => `Certificates: ${certificatesIn(content)}`,
  }),
};

/** What is less than safe about a connection, if anything is; undefined stands for the provider's own server. */
export function warnOfConnection(server: URL | undefined, verifyCertificate: boolean): string | undefined {
  if (server?.protocol === 'http:') return 'TLS is off: keys and data can be read on the way.';
  return verifyCertificate ? undefined : "The server's certificate is not checked.";
}

function certificatesIn(pem: string): number {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)?.length ?? 0;
}
