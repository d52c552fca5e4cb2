import type { TestProject } from 'vitest/node';
import { packageExtension } from '../../../scripts/package.ts';
import { startSharedRgw } from '../../support/rgwGlobal.ts';

declare module 'vitest' {
  interface ProvidedContext {
    vsix: string;
  }
}

/** Packs the extension and starts Ceph RGW, once for all windows of the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('vsix', await packageExtension());
  const { rgw, stop } = await startSharedRgw();
  project.provide('rgw', rgw);
  return stop;
}
