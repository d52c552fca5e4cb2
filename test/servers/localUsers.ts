import { randomBytes } from 'node:crypto';
import { runCommand, runWithInput } from './serverProcess.ts';

/** An account of this machine that was made for a server. */
export interface LocalUser {
  readonly name: string;
  readonly password: string;
  readonly uid: number;
  readonly gid: number;
}

let made = 0;

/** Makes an account with a password of its own, which may sign in. */
export async function addUser(home: string): Promise<LocalUser> {
  const name = `sc-${process.pid}-${++made}`;
  const password = randomBytes(12).toString('hex');
  await runCommand('useradd', ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', name]);
  await runWithInput('chpasswd', [], `${name}:${password}\n`);
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number(await runCommand('id', [flag, name]))));
  return { name, password, uid: uid ?? 0, gid: gid ?? 0 };
}

export async function removeUser({ name }: LocalUser): Promise<void> {
  await runCommand('userdel', ['-f', name]);
}
