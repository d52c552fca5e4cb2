import type { TestProject } from 'vitest/node';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { type Swift, startSwift } from '../servers/swift.ts';

/** Where the run's one OpenStack Swift answers, or the sentence that says what it needs. */
export type ProvidedSwift = Omit<Swift, 'stop'> | { readonly unavailable: string };

declare module 'vitest' {
  interface ProvidedContext {
    swift: ProvidedSwift;
  }
}

let stop = async () => {};

/** Starts OpenStack Swift once for all test files of the project. */
export async function setup(project: TestProject): Promise<void> {
  try {
    const { stop: stopSwift, ...swift } = await startSwift();
    stop = stopSwift;
    project.provide('swift', swift);
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    project.provide('swift', { unavailable: error.message });
  }
}

/** Stops it. */
export async function teardown(): Promise<void> {
  await stop();
}
