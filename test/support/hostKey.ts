import { fingerprintOf } from '../../src/providers/sftp/hostKeys.ts';

/** The fingerprint of the key that a server shows first. @param hostKeys its keys, a line of a public key file each */
export function hostKeyOf({ hostKeys }: { readonly hostKeys: readonly string[] }): string {
  const [type = '', blob = ''] = hostKeys[0]?.split(' ') ?? [];
  return fingerprintOf({ type, blob });
}
