/**
 * Why a bucket can't have this name, if it can't.
 * https://cloud.google.com/storage/docs/buckets#naming
 */
export function refuseBucketName(name: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name) || name.split('.').some((part) => part.length > 63)) {
    return 'Use 3 to 63 lower-case letters, digits, dots, hyphens and underscores, with a letter or a digit at both ends.';
  }
  if (name.includes('..')) return 'Two dots may not stand side by side.';
  if (/^(\d+\.){3}\d+$/.test(name)) return 'It may not look like an IP address.';
  return /^goog|g[o0][o0]gle/.test(name) ? 'Google keeps names with its own in them for itself.' : undefined;
}
