import { build } from 'esbuild';
import { writeRegistry } from '../scripts/registry.mjs';
import type { Draft } from '../src/core/fields.ts';
import { awsEnvironment, type PeerAccess, rcloneEnvironment, writeS3cmdConfig } from '../test/servers/peers.ts';
import { type Cost, measureCommand } from './measure.ts';

/** What ours is given: a form filled in, and the container to be emptied. Comes by standard input. */
export interface Job {
  readonly provider: string;
  readonly draft: Draft;
  readonly container: string;
  /** Whether the container is a folder of a tree of files. */
  readonly tree: boolean;
  /** A folder for what is kept on disk. */
  readonly folder: string;
  /** The most targets of one call; the provider's own limit by default. */
  readonly batch?: number;
  /** Whether a folder goes whole, by one call. */
  readonly whole?: true;
}

/** A program that empties a container. */
export interface Tool {
  readonly name: string;
  /** The command that must exist. */
  readonly needs: string;
  /** The Debian package that brings it, where it is called otherwise. */
  readonly debianPackage?: string;
  /** At most so many rounds, for what takes minutes. */
  readonly rounds: number;
  /** @param folder for files that hold keys */
  empty(folder: string): Promise<Cost>;
}

/** The programs that ours is compared with on an S3 server, each deleting every object of a bucket with a listing of its own. */
export function s3Peers(access: PeerAccess, bucket: string): readonly Tool[] {
  const environment = rcloneEnvironment(access);
  return [
    {
      name: 's3cmd',
      needs: 's3cmd',
      rounds: Number.POSITIVE_INFINITY,
      async empty(folder) {
        const config = await writeS3cmdConfig(folder, access);
        return measureCommand('s3cmd', ['-c', config, 'del', '--recursive', '--force', '--quiet', `s3://${bucket}/`]);
      },
    },
    {
      name: 'awscli',
      needs: 'aws',
      debianPackage: 'awscli',
      // It deletes one key a request.
      rounds: 1,
      empty: () =>
        measureCommand(
          'aws',
          ['s3', 'rm', '--recursive', '--only-show-errors', `s3://${bucket}/`, '--endpoint-url', access.endpoint],
          { env: awsEnvironment(access) },
        ),
    },
    rclone('rclone, 64 workers', environment, bucket, ['--transfers', '64', '--checkers', '64']),
    { ...rclone('rclone, default', environment, bucket), rounds: 1 },
  ];
}

/** rclone, which deletes one object a request. @param environment names the remote `peer` */
export function rclone(
  name: string,
  environment: NodeJS.ProcessEnv,
  container: string,
  args: readonly string[] = [],
): Tool {
  return {
    name,
    needs: 'rclone',
    rounds: Number.POSITIVE_INFINITY,
    empty: () => measureCommand('rclone', ['delete', ...args, `peer:${container}`], { env: environment }),
  };
}

/** The project's own client, which takes the container away too. */
export function swiftClient(environment: NodeJS.ProcessEnv, container: string): Tool {
  return {
    name: 'swift delete',
    needs: 'swift',
    debianPackage: 'python3-swiftclient',
    rounds: Number.POSITIVE_INFINITY,
    empty: () => measureCommand('swift', ['delete', container], { env: environment }),
  };
}

/** The extension's own removal, bundled as it ships, in a process of its own. */
export async function buildOurs(): Promise<(name: string, job: Omit<Job, 'folder'>) => Tool> {
  writeRegistry('.');
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
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url),{dirname:__dirname,filename:__filename}=import.meta;",
    },
    external: ['cpu-features', '*.node', 'apache-arrow'],
    logLevel: 'warning',
  });
  return (name, job) => ({
    name,
    needs: process.execPath,
    rounds: Number.POSITIVE_INFINITY,
    async empty(folder) {
      const input = JSON.stringify({ ...job, folder });
      const cost = await measureCommand(process.execPath, ['out/bench/ours.mjs'], { input });
      const { planSeconds, runSeconds } = JSON.parse(cost.output) as { planSeconds: number; runSeconds: number };
      return { ...cost, workSeconds: planSeconds + runSeconds };
    },
  });
}
