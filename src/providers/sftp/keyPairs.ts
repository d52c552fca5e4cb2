import { utils } from 'ssh2';
import type { Issue } from '../../core/drafts.ts';
import { StorageError } from '../../core/errors.ts';

/** A new ed25519 pair: the private key in OpenSSH's format, the public one as a line of authorized_keys. */
export function generatePair(comment: string): { privateKey: string; publicKey: string } {
  const { private: privateKey, public: publicKey } = utils.generateKeyPairSync('ed25519', { comment });
  return { privateKey, publicKey };
}

/** What is wrong with a private key, for the form. */
export function examineKey(privateKey: string, passphrase: string): readonly Issue[] {
  if (privateKey === '') return [];
  const refusal = refuseKey(privateKey, passphrase);
  return refusal ? [{ ...refusal, severity: 'error' }] : [];
}

/** Fails with 'invalid-settings' for a key that can't be used. */
export function checkKey(privateKey: string, passphrase: string): void {
  const refusal = refuseKey(privateKey, passphrase);
  if (refusal) throw new StorageError('invalid-settings', refusal.sentence);
}

function refuseKey(privateKey: string, passphrase: string): { field: string; sentence: string } | undefined {
  if (/^(ssh-\w+|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/]/.test(privateKey)) {
    return {
      field: 'privateKey',
      sentence: 'This is the public key. The private one stands in the file without .pub.',
    };
  }
  const parsed = utils.parseKey(privateKey, passphrase === '' ? undefined : passphrase);
  if (!(parsed instanceof Error)) {
    const [key] = Array.isArray(parsed) ? parsed : [parsed];
    return key?.isPrivateKey() ? undefined : { field: 'privateKey', sentence: 'This holds no private key.' };
  }
  if (!isEncrypted(privateKey)) {
    return { field: 'privateKey', sentence: 'This is no private key in OpenSSH, PEM or PuTTY format.' };
  }
  const sentence =
    passphrase === '' ? 'The private key is encrypted: enter its passphrase.' : 'The passphrase does not open the key.';
  return { field: 'passphrase', sentence };
}

/** Each format says so in clear: PEM and PuTTY in a header, OpenSSH by the name of its cipher. */
function isEncrypted(privateKey: string): boolean {
  if (/ENCRYPTED/.test(privateKey) || /^Encryption: (?!none)/m.test(privateKey)) return true;
  const openssh = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(privateKey)?.[1];
  if (openssh === undefined) return false;
  const bytes = Buffer.from(openssh, 'base64');
  return bytes.length > 19 && bytes.toString('latin1', 19, 19 + bytes.readUInt32BE(15)) !== 'none';
}
