import type { Metafile } from 'esbuild';

export function joinEntry(root: string, metafile: Metafile, entry: string, banner: string): Promise<Metafile>;
export function handOn(names: readonly string[], part: string, entry: string): string;
export function withoutNeedlessBanner(text: string, banner: string): string;
