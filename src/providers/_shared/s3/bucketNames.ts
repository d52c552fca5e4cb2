/**
 * Why a bucket can't have this name, if it can't: the rules of Amazon S3, which other services share.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function refuseBucketName(name: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
    return 'Use 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or a digit at both ends.';
  }
  if (name.includes('..')) return 'Two dots may not stand side by side.';
  if (/^(\d+\.){3}\d+$/.test(name)) return 'It may not look like an IP address.';
  const reserved = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$/.exec(name)?.[0];
  return reserved && `Amazon keeps this for itself: ${reserved}`;
}
