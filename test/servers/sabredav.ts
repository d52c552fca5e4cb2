import { chmod, chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeUser, ownerOf, type WebUser } from './apache.ts';
import { freePorts, requireCommands, startListening, temporaryFolder } from './serverProcess.ts';

/** A running SabreDAV at the addresses of Nextcloud and ownCloud. */
export interface SabreDav {
  /** `http://127.0.0.1:port`. */
  readonly origin: string;
  readonly user: WebUser;
  /** Where the user's files stand, and who owns them. */
  readonly files: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** The folder of deleted files. */
  readonly trash: string;
  /** The shares that were made, as they were asked for. */
  shares(): Promise<readonly Readonly<Record<string, string>>[]>;
  stop(): Promise<void>;
}

/** Starts a SabreDAV on a free port of 127.0.0.1. @param trash whether deleted files are kept */
export async function startSabreDav({ trash = true } = {}): Promise<SabreDav> {
  await requireCommands('SabreDAV', ['php', 'sabredav'], ['php-sabre-dav', 'php-cli']);
  const folder = await temporaryFolder('sabredav');
  await chmod(folder.path, 0o755);
  const owner = await ownerOf('root');
  const inFolder = (name: string) => join(folder.path, name);
  for (const name of ['files', 'trash']) {
    await mkdir(inFolder(name));
    await chown(inFolder(name), owner.uid, owner.gid);
  }
  const user = makeUser('tester');
  const [port = 0] = await freePorts(1);
  const script = join(import.meta.dirname, 'sabredav.php');
  const env = {
    DAV_FILES: inFolder('files'),
    DAV_STATE: folder.path,
    DAV_USER: user.name,
    DAV_PASSWORD: user.password,
    DAV_TRASH: trash ? '1' : '0',
  };
  const stop = await startListening('php', ['-S', `127.0.0.1:${port}`, script], { port, folder, env });
  return {
    origin: `http://127.0.0.1:${port}`,
    user,
    files: inFolder('files'),
    owner,
    trash: inFolder('trash'),
    shares: async () =>
      (await readFile(inFolder('shares'), 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    stop,
  };
}
