import { FTPError } from 'basic-ftp';
import { StorageError } from '../../core/errors.ts';
import { parentOf, refuseFileName } from '../_shared/files.ts';
import { replyCode } from './errors.ts';
import { type Listed, type Listing, parseList, parseMlsd, UnreadableLine, uniqueOf } from './lists.ts';
import type { FtpSession } from './session.ts';

/** The reply that is given for what is gone, for what is refused, and for more. */
export const notTaken = 550;

/** The path of the folder where a credential begins, as the server calls it. @param basePath '' for where the server puts the user */
export async function resolveBase(session: FtpSession, basePath: string): Promise<string> {
  const { home } = session;
  if (basePath === '' && home !== undefined) return home;
  if (basePath.startsWith('/')) return await enter(session, basePath);
  if (home !== undefined) return await enter(session, home === '/' ? `/${basePath}` : `${home}/${basePath}`);
  throw new StorageError('unsupported', 'The server does not say by a path where it puts you.', {
    hint: 'Enter a base path that begins with a slash.',
  });
}

/** Goes into a folder that was listed; fails with 'changed' where a link has taken its place. */
export async function enterExactly(session: FtpSession, folder: string): Promise<void> {
  const now = await enter(session, folder);
  if (now === folder) return;
  throw linkOnTheWay(folder, now);
}

/** All that a folder holds, or an error: never less. */
export async function listFolder(session: FtpSession, folder: string): Promise<Listing> {
  await enterExactly(session, folder);
  const listing = session.knowsMlsd ? await readMlsd(session, folder) : await readList(session, folder);
  if (listing.self) session.showsItself = true;
  if (listing.parentId !== undefined) await refuseHiddenLink(session, folder, listing.parentId);
  if (listing.selfId !== undefined) session.learnId(folder, listing.selfId);
  if (!listing.self && listing.all.length === 0 && (await showsItself(session))) {
    // Some servers answer so, and say that all went well.
    throw new StorageError('forbidden', `The server does not show what is in this folder: ${folder}`, {
      hint: 'Ask its operator for the permission.',
    });
  }
  return listing;
}

/**
 * What a folder holds of these names, by both forms of listing: what the one leaves out (a link that leads nowhere) the
 * other may show. 'unknown' where it can't be told.
 */
export async function lookInto(
  session: FtpSession,
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Listed> | 'gone' | 'unknown'> {
  try {
    const found = new Map((await listFolder(session, folder)).all.map((each) => [each.name, each]));
    if (session.knowsMlsd && !names.every((name) => found.has(name))) {
      for (const each of (await readList(session, folder)).all) if (!found.has(each.name)) found.set(each.name, each);
    }
    return found;
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'not-found') return 'gone';
    if (error instanceof StorageError && error.kind !== 'unreachable') return 'unknown';
    if ((replyCode(error) ?? 0) >= 500) return 'unknown';
    throw error;
  }
}

/** Whether a folder holds anything, by both forms of listing; undefined where it can't be told. */
export async function holdsSomething(session: FtpSession, folder: string): Promise<boolean | undefined> {
  const found = await lookInto(session, folder, ['']);
  return typeof found === 'string' ? undefined : found.size > 0;
}

/** What is at a path now; 'unknown' where it can't be told. */
export async function lookFor(session: FtpSession, path: string): Promise<Listed | 'gone' | 'unknown'> {
  if (path === '/') return 'unknown';
  const name = path.slice(path.lastIndexOf('/') + 1);
  const found = await lookInto(session, parentOf(path), [name]);
  return typeof found === 'string' ? found : (found.get(name) ?? 'gone');
}

/** Some servers show a link as the folder that it leads to, and call it so inside: but what is above it is another. */
async function refuseHiddenLink(session: FtpSession, folder: string, parentId: string): Promise<void> {
  if (folder === '/' || folder === session.base || session.knownId(parentOf(folder)) === parentId) return;
  const line = await session.describe(parentOf(folder)).catch((error: unknown) => {
    if ((replyCode(error) ?? 0) >= 500) return undefined;
    throw error;
  });
  const expected = line === undefined ? undefined : uniqueOf(line);
  if (expected === undefined) return;
  session.learnId(parentOf(folder), expected);
  if (expected !== parentId) throw linkOnTheWay(folder, parentId);
}

function linkOnTheWay(folder: string, detail: string): StorageError {
  return new StorageError('changed', `The server calls this a folder in a listing, and it is elsewhere: ${folder}`, {
    hint: 'A link stands on the way. It is never followed: select what is to be listed or deleted beside it.',
    detail,
  });
}

/** Goes into a folder, and tells what is gone from what is refused. */
async function enter(session: FtpSession, folder: string): Promise<string> {
  try {
    return await session.enter(folder);
  } catch (error) {
    if (replyCode(error) !== notTaken) throw error;
    if ((await lookFor(session, folder)) !== 'gone') throw error;
    throw new StorageError('not-found', `This is not there: ${folder}`, { cause: error });
  }
}

async function readMlsd(session: FtpSession, folder: string): Promise<Listing> {
  return checked(folder, parseMlsd, await session.list('MLSD'));
}

/** With what is hidden, where the server understands that: a folder that seems empty could not be deleted. */
async function readList(session: FtpSession, folder: string): Promise<Listing> {
  const parse = (text: string) => parseList(text, Date.now());
  try {
    return checked(folder, parse, await session.list(session.listCommand));
  } catch (error) {
    const code = error instanceof FTPError ? error.code : notTaken;
    if (session.listCommand === 'LIST' || code < 500 || code === notTaken) throw error;
    session.listCommand = 'LIST';
    return checked(folder, parse, await session.list('LIST'));
  }
}

/** A listing that holds anything that is not certain is refused as a whole. */
function checked(folder: string, parse: (text: string) => Listing, text: string): Listing {
  try {
    const listing = parse(text);
    for (const { name } of listing.all) {
      if (refuseFileName(name) !== undefined || /[\r\n]/.test(name)) throw new UnreadableLine(name);
    }
    return listing;
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    throw new StorageError('unexpected', `The server listed a name that can't be read without doubt: ${folder}`, {
      hint: 'Nothing can be deleted safely from such a listing. It may hold a line break: rename it at the server.',
      detail: JSON.stringify(error.message),
      cause: error,
    });
  }
}

/** Whether this server's listings name the folder itself: then one that is empty of even that was not allowed. */
async function showsItself(session: FtpSession): Promise<boolean> {
  if (session.showsItself === undefined && session.home !== undefined) {
    await session.enter(session.home);
    const text = await session.list(session.knowsMlsd ? 'MLSD' : session.listCommand);
    const { self } = session.knowsMlsd ? parseMlsd(text) : parseList(text, Date.now());
    session.showsItself = self !== undefined;
  }
  return session.showsItself ?? false;
}
