import { StorageError } from '../../core/errors.ts';

/** Which of the endpoints in a catalog is meant. */
export interface Endpoints {
  /** '' for the first. */
  readonly region: string;
  readonly endpointType: 'public' | 'internal' | 'admin';
}

interface Endpoint {
  readonly type: string;
  readonly region: string;
  readonly url: string;
}

/** The object storage's endpoints in a catalog of version 2; none where there is no catalog. */
export function ofCatalog2(catalog: unknown): readonly Endpoint[] {
  return endpointsIn(catalog).flatMap((endpoint) =>
    (['public', 'internal', 'admin'] as const).flatMap((type) => {
      const url = endpoint[`${type}URL`];
      return typeof url === 'string' && url !== '' ? [{ type, region: regionOf(endpoint), url }] : [];
    }),
  );
}

/** The same of version 3. */
export function ofCatalog3(catalog: unknown): readonly Endpoint[] {
  return endpointsIn(catalog).flatMap((endpoint) => {
    const { interface: type, url } = endpoint;
    return typeof type === 'string' && typeof url === 'string' ? [{ type, region: regionOf(endpoint), url }] : [];
  });
}

/** The URL that is meant; fails with what there is instead. */
export function chooseStorage(endpoints: readonly Endpoint[], { region, endpointType }: Endpoints): string {
  if (endpoints.length === 0) {
    throw new StorageError('invalid-settings', 'The identity service names no object storage for this sign-in.', {
      hint: 'Enter the Tenant Name or Tenant ID, or the Storage URL.',
    });
  }
  const here = endpoints.filter((endpoint) => region === '' || endpoint.region === region);
  if (here.length === 0) {
    throw new StorageError('invalid-settings', `There is no object storage in this region: ${region}`, {
      hint: `Regions that have one: ${unique(endpoints.map((endpoint) => endpoint.region))}`,
    });
  }
  const chosen = here.find(({ type }) => type === endpointType);
  if (chosen) return chosen.url;
  throw new StorageError('invalid-settings', `The object storage has no endpoint of this type: ${endpointType}`, {
    hint: `Types that it has: ${unique(here.map(({ type }) => type))}`,
  });
}

type Fields = Readonly<Record<string, unknown>>;

function endpointsIn(catalog: unknown): readonly Fields[] {
  return fieldsOf(catalog)
    .filter(({ type }) => type === 'object-store')
    .flatMap(({ endpoints }) => fieldsOf(endpoints));
}

function fieldsOf(list: unknown): readonly Fields[] {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'object' && each !== null) : [];
}

function regionOf({ region, region_id: id }: Fields): string {
  return typeof region === 'string' ? region : typeof id === 'string' ? id : '';
}

function unique(texts: readonly string[]): string {
  return [...new Set(texts)].join(', ');
}
