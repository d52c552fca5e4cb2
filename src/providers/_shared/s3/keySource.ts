import type { Surroundings } from '../../../core/provider.ts';
import type { ChainKeys, ChainOptions } from './chain.ts';
import type { Keys } from './signatureV2.ts';

/** The keys that requests are signed with: given ones, or those of this machine, asked for again before they expire. */
export interface KeySource {
  keys(): Promise<Keys & { readonly expiration?: Date | undefined }>;
  /** Where keys come from that were not given; absent for given ones. */
  readonly chain?: () => Promise<ChainKeys>;
  /** Lets the next request look for keys again: the server took the last ones for wrong or expired. */
  forget(): void;
}

export function givenKeys(keys: Keys): KeySource {
  return { keys: async () => keys, forget: () => undefined };
}

/** Loads the code of the credentials chain with the first request. */
export function chainKeys(options: ChainOptions, surroundings: Surroundings): KeySource {
  let known: ChainKeys | undefined;
  let asked: Promise<ChainKeys> | undefined;
  const ask = async () => {
    known = await (await import('./chain.ts')).resolveChain(options, surroundings);
    return known;
  };
  const chain = async () => {
    if (known && !endsSoon(known)) return known;
    // All who find the keys old wait for one answer.
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return await asked;
  };
  return {
    keys: chain,
    chain,
    forget: () => {
      known = undefined;
    },
  };
}

/** Keys are renewed while they still hold for the longest request. */
function endsSoon({ expiration }: ChainKeys): boolean {
  return expiration !== undefined && expiration.getTime() - Date.now() < 5 * 60_000;
}
