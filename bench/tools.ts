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
  /** Whether it is only listed, into a manifest. */
  readonly planOnly?: true;
  /** Whether each request waits for the answer of the one before it. */
  readonly oneByOne?: true;
  /** Milliseconds after which the run is cancelled. */
  readonly cancelAfter?: number;
}

/** What ours tells of itself. */
export interface Told {
  readonly planned: number;
  readonly deleted: number;
  readonly planSeconds: number;
  readonly runSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Milliseconds. */
  readonly loopDelay: { readonly p99: number; readonly max: number };
  /** Milliseconds since the epoch. */
  readonly cancelledAt?: number;
  /** How many entries have their outcome on disk. */
  readonly recorded?: number;
}

/** A program that empties a container. */
export interface Tool {
  readonly name: string;
  /** The command that must exist. */
  readonly needs: string;
  /** Says whether the command is of use: it may lack a library. */
  readonly works?: () => Promise<boolean>;
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
    {
      name: 'boto3',
      needs: 'python3',
      debianPackage: 'python3-boto3',
      works: () =>
        measureCommand('python3', ['-c', 'import boto3']).then(
          () => true,
          () => false,
        ),
      rounds: Number.POSITIVE_INFINITY,
      empty: () =>
        measureCommand('python3', ['-c', boto3Script, access.endpoint, bucket], { env: awsEnvironment(access) }),
    },
    rclone('rclone, 64 workers', environment, bucket, ['--transfers', '64', '--checkers', '64']),
    { ...rclone('rclone, default', environment, bucket), rounds: 1 },
  ];
}

const boto3Script =
  'import boto3, sys; boto3.resource("s3", endpoint_url=sys.argv[1]).Bucket(sys.argv[2]).objects.delete()';

/** rclone listing everything in a container, however deep. */
export function rcloneListing(access: PeerAccess, bucket: string): Tool {
  return {
    name: 'rclone lsf -R',
    needs: 'rclone',
    rounds: Number.POSITIVE_INFINITY,
    empty: () => measureCommand('rclone', ['lsf', '-R', `peer:${bucket}`], { env: rcloneEnvironment(access) }),
  };
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
    empty: (folder) => runOurs({ ...job, folder }),
  });
}

/** Does a job in a process of its own, which `buildOurs` made, and gives what it cost and what it tells. */
export async function runOurs(job: Job): Promise<Cost & { readonly told: Told }> {
  const cost = await measureCommand(process.execPath, ['out/bench/ours.mjs'], { input: JSON.stringify(job) });
  const told = JSON.parse(cost.output) as Told;
  return { ...cost, workSeconds: told.planSeconds + told.runSeconds, runSeconds: told.runSeconds, told };
}
