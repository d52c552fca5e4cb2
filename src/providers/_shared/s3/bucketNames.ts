/**
 * Why a bucket can't have this name, if it can't: the rules of Amazon S3, which other services share.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function refuseBucketName(name: string): string | undefined {
  if (name.length < 3 || name.length > 63) return 'A bucket name has 3 to 63 characters.';
  if (!/^[a-z0-9.-]+$/.test(name)) return 'Use lower-case letters, digits, dots and hyphens only.';
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return 'Begin and end with a letter or a digit.';
  if (name.includes('..')) return 'Two dots may not stand side by side.';
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return 'A bucket name may not look like an IP address.';
  const reserved = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$/.exec(name)?.[0];
  return reserved === undefined ? undefined : `Amazon keeps this for itself: ${reserved}`;
}
