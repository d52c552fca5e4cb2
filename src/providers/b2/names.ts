/**
 * Why a bucket can't have this name, if it can't.
 * https://www.backblaze.com/apidocs/b2-create-bucket
 */
export function refuseBucketName(name: string): string | undefined {
  if (!/^[a-z0-9-]{6,63}$/i.test(name)) return 'A bucket name has 6 to 63 letters, digits and hyphens.';
  return /^b2-/i.test(name) ? 'Backblaze keeps names that begin with b2- for itself.' : undefined;
}
