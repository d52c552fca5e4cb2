import type { Metafile } from 'esbuild';

export interface BundleSize {
  readonly file: string;
  readonly bytes: number;
  readonly main: boolean;
}

export function bundleSizes(metafile: Metafile): BundleSize[];
export function mainClosure(metafile: Metafile): Set<string>;
export function mainBytes(metafile: Metafile): number;
export function formatSizes(sizes: readonly BundleSize[]): string;
