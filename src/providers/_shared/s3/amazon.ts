/**
 * The domain that Amazon S3 answers under in a region's partition.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */
export function amazonDomain(region: string): string {
  return partitionOf(region)?.[1] ?? 'amazonaws.com';
}

/** Whether two regions share their accounts. GovCloud has Amazon's usual domain, but accounts of its own. */
export function samePartition(one: string, other: string): boolean {
  return partitionOf(one) === partitionOf(other);
}

/** The region that a host name of Amazon's kind speaks of, such as `bucket.s3.eu-west-1.amazonaws.com`. */
export function regionOfHost(host: string): string | undefined {
  return /(?:^|\.)s3[.-](?:dualstack\.)?([a-z0-9]+(?:-[a-z0-9]+)+)\.[^.]+\./.exec(host)?.[1];
}

const partitions: readonly (readonly [prefix: string, domain: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-gov-', 'amazonaws.com'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
];

function partitionOf(region: string) {
  return partitions.find(([prefix]) => region.startsWith(prefix));
}
