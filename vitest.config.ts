import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { writeRegistry } from './scripts/registry.mjs';

const root = import.meta.dirname;
writeRegistry(root);

const alias = { vscode: path.join(root, 'test/support/vscodeThrows.ts') };
const second = 1000;

/** Suites that share servers and two cores: one file at a time, with time to start them. A test that fails is tried once more, and named at the end of `npm test` if it passes then. */
const serial = { fileParallelism: false, retry: 1, testTimeout: 120 * second, hookTimeout: 180 * second };

export default defineConfig({
  test: {
    projects: [
      { resolve: { alias }, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30 * second } },
      {
        resolve: { alias },
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: ['test/support/rgwGlobal.ts', 'test/support/swiftGlobal.ts', 'test/support/azuriteGlobal.ts'],
          ...serial,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          globalSetup: ['test/support/rgwGlobal.ts', 'test/support/swiftGlobal.ts', 'test/support/azuriteGlobal.ts'],
          ...serial,
          retry: 0,
          testTimeout: 900 * second,
        },
      },
      { resolve: { alias }, test: { name: 'browser', include: ['test/browser/**/*.test.ts'], ...serial } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/e2e/support/global.ts',
          expect: { poll: { timeout: 60 * second } },
          ...serial,
          testTimeout: 300 * second,
          hookTimeout: 600 * second,
        },
      },
    ],
  },
});
