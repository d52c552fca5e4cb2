import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts, requireCommands, startListening, temporaryFolder } from './serverProcess.ts';

/** A server that shows pages of folders. */
export interface IndexServer {
  /** The URL of its files. */
  readonly url: string;
  /** Where they stand. */
  readonly files: string;
  stop(): Promise<void>;
}

/** Starts nginx. @param format of its pages of folders */
export function startNginx(format: 'html' | 'json'): Promise<IndexServer> {
  return start('nginx', ['nginx'], async (folder, files, port) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const configFile = join(folder, 'nginx.conf');
    const config = [
      'daemon off;',
      'worker_processes 1;',
      'user root;',
      `pid ${join(folder, 'nginx.pid')};`,
      `error_log ${join(folder, 'error.log')};`,
      'events {}',
      'http {',
      'access_log off;',
      ...temporary.map((name) => `${name}_temp_path ${join(folder, name)};`),
      `server { listen 127.0.0.1:${port}; root ${files}; charset utf-8; autoindex on; autoindex_format ${format}; }`,
      '}',
    ];
    await writeFile(configFile, config.join('\n'));
    return ['-c', configFile, '-e', join(folder, 'error.log')];
  });
}

/** Starts lighttpd. */
export function startLighttpd(): Promise<IndexServer> {
  return start('lighttpd', ['lighttpd'], async (folder, files, port) => {
    const configFile = join(folder, 'lighttpd.conf');
    const config = [
      'server.bind = "127.0.0.1"',
      `server.port = ${port}`,
      `server.document-root = "${files}"`,
      'server.modules = ("mod_dirlisting")',
      'dir-listing.activate = "enable"',
      'dir-listing.encoding = "utf-8"',
      'server.stat-cache-engine = "disable"',
    ];
    await writeFile(configFile, config.join('\n'));
    return ['-D', '-f', configFile];
  });
}

/** Starts `rclone serve http`. */
export function startRcloneHttp(): Promise<IndexServer> {
  return start('rclone', ['rclone'], async (_, files, port) => [
    ...['serve', 'http', '--addr', `127.0.0.1:${port}`, '--dir-cache-time', '0s', files],
  ]);
}

async function start(
  command: string,
  packages: readonly string[],
  argumentsFor: (folder: string, files: string, port: number) => Promise<readonly string[]>,
): Promise<IndexServer> {
  await requireCommands(command, [command], packages);
  const folder = await temporaryFolder(command);
  await chmod(folder.path, 0o755);
  const files = join(folder.path, 'files');
  await mkdir(files);
  const [port = 0] = await freePorts(1);
  const args = await argumentsFor(folder.path, files, port);
  const stop = await startListening(command, args, { port, folder });
  return { url: `http://127.0.0.1:${port}/`, files, stop };
}
