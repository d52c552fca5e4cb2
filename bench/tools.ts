import { build } from 'esbuild';
import { awsEnvironment, type PeerAccess, rcloneEnvironment, writeS3cmdConfig } from '../test/servers/peers.ts';
import { type Cost, measureCommand } from './measure.ts';

/** A bucket to be emptied, and a folder for files that hold its keys. */
export interface Job extends PeerAccess {
  readonly bucket: string;
  readonly folder: string;
}

/** A program that empties a bucket. */
export interface Tool {
  readonly name: string;
  /** The command that must exist. */
  readonly needs: string;
  /** The Debian package that brings it, where it is called otherwise. */
  readonly debianPackage?: string;
  /** At most so many rounds, for what takes minutes. */
  readonly rounds: number;
  empty(job: Job): Promise<Cost>;
}

/** The programs that ours is compared with, each deleting every object of a bucket with a listing of its own. */
export const peers: readonly Tool[] = [
  {
    name: 's3cmd',
    needs: 's3cmd',
    rounds: Number.POSITIVE_INFINITY,
    async empty(job) {
      const config = await writeS3cmdConfig(job.folder, job);
      return measureCommand('s3cmd', ['-c', config, 'del', '--recursive', '--force', '--quiet', `s3://${job.bucket}/`]);
    },
  },
  {
    name: 'awscli',
    needs: 'aws',
    debianPackage: 'awscli',
    // It deletes one key a request.
    rounds: 1,
    empty: (job) =>
      measureCommand(
        'aws',
        ['s3', 'rm', '--recursive', '--only-show-errors', `s3://${job.bucket}/`, '--endpoint-url', job.endpoint],
        { env: awsEnvironment(job) },
      ),
  },
  rclone('rclone, 64 workers', Number.POSITIVE_INFINITY, ['--transfers', '64', '--checkers', '64']),
  rclone('rclone, default', 1, []),
];

function rclone(name: string, rounds: number, args: readonly string[]): Tool {
  return {
    name,
    needs: 'rclone',
    rounds,
    empty: (job) =>
      measureCommand('rclone', ['delete', ...args, `peer:${job.bucket}`], { env: rcloneEnvironment(job) }),
  };
}

/** The extension's own removal, bundled as it ships, in a process of its own. */
export async function buildOurs(): Promise<Tool> {
  await build({
    entryPoints: ['bench/ours.ts'],
    outdir: 'out/bench',
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    platform: 'node',
    target: 'node22',
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return {
    name: 'ours',
    needs: process.execPath,
    rounds: Number.POSITIVE_INFINITY,
    async empty(job) {
      const cost = await measureCommand(process.execPath, ['out/bench/ours.mjs'], { input: JSON.stringify(job) });
      const { planSeconds, runSeconds } = JSON.parse(cost.output) as { planSeconds: number; runSeconds: number };
      return { ...cost, workSeconds: planSeconds + runSeconds };
    },
  };
}
