/** A service that speaks S3, and what is particular to it. */
export interface Flavour {
  readonly id: string;
  readonly label: string;
  /** The service's endpoint; `{region}` stands for the region. Absent where everyone has their own. */
  readonly endpoint?: string;
  /** The region that is filled in when the service is chosen. */
  readonly region: string;
  readonly pathStyle: boolean;
  readonly maxUploadParts: number;
  /** Whether it is documented to honour If-Match when an object is deleted; others may delete in spite of it. */
  readonly conditionalDelete?: true;
}

/** One row per service. Limits and endpoints as the services document them. */
export const flavours = [
  {
    id: 'aws',
    label: 'Amazon S3',
    region: '',
    pathStyle: false,
    maxUploadParts: 10_000,
    conditionalDelete: true,
  },
  { id: 'minio', label: 'MinIO', region: 'us-east-1', pathStyle: true, maxUploadParts: 10_000 },
  { id: 'ceph', label: 'Ceph', region: '', pathStyle: true, maxUploadParts: 10_000 },
  {
    id: 'wasabi',
    label: 'Wasabi',
    endpoint: 'https://s3.{region}.wasabisys.com',
    region: 'us-east-1',
    pathStyle: true,
    maxUploadParts: 10_000,
  },
  { id: 'r2', label: 'Cloudflare R2', region: 'auto', pathStyle: true, maxUploadParts: 10_000 },
  {
    id: 'b2',
    label: 'Backblaze B2 (S3 API)',
    endpoint: 'https://s3.{region}.backblazeb2.com',
    region: 'us-west-004',
    pathStyle: true,
    maxUploadParts: 10_000,
  },
  {
    id: 'digitalocean',
    label: 'DigitalOcean Spaces',
    endpoint: 'https://{region}.digitaloceanspaces.com',
    region: 'nyc3',
    pathStyle: false,
    maxUploadParts: 10_000,
  },
  {
    id: 'scaleway',
    label: 'Scaleway',
    endpoint: 'https://s3.{region}.scw.cloud',
    region: 'fr-par',
    pathStyle: false,
    maxUploadParts: 1000,
  },
  { id: 'other', label: 'Other', region: '', pathStyle: true, maxUploadParts: 10_000 },
] as const satisfies readonly Flavour[];

export type FlavourId = (typeof flavours)[number]['id'];

/** Whether a service deletes only what a condition allows: safe to send where versions are kept, and to rely on. */
export function honoursConditions(id: FlavourId): boolean {
  return flavourOf(id).conditionalDelete ?? false;
}

/** What choosing a service fills in. An endpoint of one's own stays unless the service has one itself or is Amazon's. */
export function presetOf(id: FlavourId, endpoint: string): Readonly<Record<string, string | boolean | number>> {
  const flavour = flavourOf(id);
  const kept = isPreset(endpoint) || id === 'aws' ? '' : endpoint;
  return {
    endpoint: flavour.endpoint === undefined ? kept : endpointIn(flavour, flavour.region),
    region: flavour.region,
    pathStyle: flavour.pathStyle,
    maxUploadParts: flavour.maxUploadParts,
  };
}

/** The endpoint after the region was changed: a preset one follows, one's own stays. */
export function followRegion(id: FlavourId, region: string, endpoint: string): string {
  const flavour = flavourOf(id);
  return flavour.endpoint !== undefined && region !== '' && isPreset(endpoint) ? endpointIn(flavour, region) : endpoint;
}

function flavourOf(id: FlavourId): Flavour {
  return flavours.find((flavour) => flavour.id === id) ?? flavours[0];
}

function endpointIn(flavour: Flavour, region: string): string {
  return (flavour.endpoint ?? '').replace('{region}', region);
}

function isPreset(endpoint: string): boolean {
  return flavours.some((flavour: Flavour) => {
    const [before, after] = (flavour.endpoint ?? '').split('{region}');
    return after !== undefined && before !== undefined && endpoint.startsWith(before) && endpoint.endsWith(after);
  });
}
