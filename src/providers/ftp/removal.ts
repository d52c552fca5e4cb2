import { type ErrorKind, StorageError, toStorageError } from '../../core/errors.ts';
import type { Outcome, Target } from '../../core/storageClient.ts';
import { parentOf, refuseFile } from '../_shared/files.ts';
import { resultOf, unanswered } from '../_shared/outcomes.ts';
import { inParallel } from '../_shared/parallel.ts';
import type { FtpConnection } from './connection.ts';
import { replyCode, toFtpError, unpaired } from './errors.ts';
import { enterExactly, holdsSomething, listFolder, lookInto, notTaken } from './folders.ts';
import { refusePath } from './names.ts';

/** What RFC 959 has a server say when it has deleted. */
const deleted = 250;

/** Deletes files and empty folders by exactly the paths that were listed: one outcome for each, in their order. */
export async function removeFiles(
  ftp: FtpConnection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<Target, Outcome>();
  const refuse = (target: Target, error: StorageError) => {
    outcomes.set(target, { target, result: resultOf(error), error });
  };
  const base = await ftp.base(signal);
  const allowed = batch.filter((target) => {
    const error =
      refusePath(target.entry.id, ftp.options.encoding) ?? refuseFile(target.entry, base, ['object', 'folder']);
    if (error) outcomes.set(target, { target, result: 'failed', error });
    return !error;
  });
  for (const [folder, targets] of Map.groupBy(allowed, ({ entry }) => parentOf(entry.id))) {
    const moved = await movedAway(ftp, folder, signal);
    if (moved) {
      for (const target of targets) refuse(target, moved);
      continue;
    }
    const doubtful = await lookAlikes(ftp, folder, targets, signal);
    const certain = targets.filter((target) => {
      const error = doubtful.get(target);
      if (error) refuse(target, error);
      return !error;
    });
    for (const outcome of await removeFrom(ftp, folder, certain, signal)) outcomes.set(outcome.target, outcome);
  }
  return batch.map((target) => outcomes.get(target) ?? unanswered(target));
}

/** Why a folder is no longer the one that was listed, if so: a link on the way would lead elsewhere. */
async function movedAway(ftp: FtpConnection, folder: string, signal: AbortSignal): Promise<StorageError | undefined> {
  try {
    await ftp.useAgain(folder, signal, (session) => enterExactly(session, folder));
    return undefined;
  } catch (error) {
    const failure = toStorageError(error);
    // What is below a folder that is gone is gone; each is asked for all the same.
    return failure.kind === 'not-found' ? undefined : failure;
  }
}

/** A server that cuts white space off the end of a command would delete another file, if there is one that is called so. */
async function lookAlikes(
  ftp: FtpConnection,
  folder: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Target, StorageError>> {
  const refused = new Map<Target, StorageError>();
  const spaced = targets.filter(({ entry }) => /\s$/u.test(entry.id));
  if (spaced.length === 0) return refused;
  try {
    const { all } = await ftp.useAgain(folder, signal, (session) => listFolder(session, folder));
    const names = new Set(all.map(({ name }) => name));
    for (const target of spaced) {
      const name = target.entry.id.slice(target.entry.id.lastIndexOf('/') + 1);
      if (!names.has(name.trimEnd()) || (await keepsSpaces(ftp, target, signal))) continue;
      refused.set(
        target,
        new StorageError('unsupported', `The server may take this for another file: ${target.entry.path}`, {
          hint: 'Its name ends with white space, and another has the same name without. Rename one at the server.',
        }),
      );
    }
  } catch (error) {
    const failure = toStorageError(error);
    if (failure.kind !== 'not-found') for (const target of spaced) refused.set(target, failure);
  }
  return refused;
}

/** Whether the server repeats the path as it was asked for, with the white space at its end. */
async function keepsSpaces(ftp: FtpConnection, { entry }: Target, signal: AbortSignal): Promise<boolean> {
  return await ftp.useAgain(entry.id, signal, async (session) => {
    if (!session.knowsMlsd) return false;
    return (await session.describe(entry.id))?.endsWith(` ${entry.id}`) ?? false;
  });
}

/** Of how many deletions the replies are counted together: when they don't add up, the fate of so many is found out by looking. */
const windowSize = { together: 64, singly: 16 };

type Answer = { readonly target: Target } & ({ readonly code: number } | { readonly failure: StorageError });

/** Deletes from one folder over all connections; what the replies leave open is decided by looking afterwards, once for all. */
async function removeFrom(
  ftp: FtpConnection,
  folder: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const open: Answer[] = [];
  await inParallel(
    windowsOf(targets, ftp.together ? windowSize.together : windowSize.singly),
    ftp.width,
    async (window) => {
      const answers = await removeWindow(ftp, folder, window, signal);
      // Where one was refused its folder is looked at anyway: then by all that were told in one go.
      if (answers.some(isOpen)) open.push(...answers);
      else for (const answer of answers) outcomes.push(outcomeOf(answer));
    },
  );
  return open.length === 0 ? outcomes : [...outcomes, ...(await lookAfterwards(ftp, folder, open, signal))];
}

function windowsOf(targets: readonly Target[], size: number): readonly (readonly Target[])[] {
  return Array.from({ length: Math.ceil(targets.length / size) }, (_, n) => targets.slice(n * size, (n + 1) * size));
}

/** Only a whole window has replies; where they don't add up the fate of all in it is unknown, and no second one is tried. */
async function removeWindow(
  ftp: FtpConnection,
  folder: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const { server } = ftp;
  const commands = targets.map(({ entry }) => `${entry.kind === 'folder' ? 'RMD' : 'DELE'} ${entry.id}`);
  try {
    const replies = await ftp.use(folder, signal, (session) =>
      session.deleteIn(folder, commands, ftp.together).catch((error: unknown) => {
        if (!signal.aborted) ftp.together = false;
        throw error;
      }),
    );
    return targets.map((target, index): Answer => {
      const reply = replies[index] ?? unpaired('');
      if (!(reply instanceof Error)) return { target, code: reply.code };
      return { target, failure: toFtpError(reply, { server, id: target.entry.id }, signal) };
    });
  } catch (error) {
    const failure = toStorageError(error);
    return targets.map((target) => ({ target, failure }));
  }
}

/** What is left open: a reply that says several things, or one that never came. */
function isOpen(answer: Answer): boolean {
  if ('code' in answer) return answer.code !== deleted;
  const code = replyCode(answer.failure);
  return code === undefined ? lostOnTheWay.has(answer.failure.kind) : code === notTaken;
}

const lostOnTheWay: ReadonlySet<ErrorKind> = new Set(['unreachable', 'timed-out']);

/** What a reply says by itself. */
function outcomeOf(answer: Answer): Outcome {
  const { target } = answer;
  if (!('code' in answer)) return { target, result: resultOf(answer.failure), error: answer.failure };
  return answer.code === deleted ? { target, result: 'deleted' } : unanswered(target);
}

async function lookAfterwards(
  ftp: FtpConnection,
  folder: string,
  open: readonly Answer[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const nameOf = ({ target }: Answer) => target.entry.id.slice(target.entry.id.lastIndexOf('/') + 1);
  const found = await ftp
    .useAgain(folder, signal, (session) => lookInto(session, folder, open.map(nameOf)))
    .catch(() => 'unknown' as const);
  const outcomes: Outcome[] = [];
  for (const answer of open) {
    const { target } = answer;
    const { path, kind, id } = target.entry;
    const cause = 'failure' in answer ? answer.failure : undefined;
    const settle = (error: StorageError) => outcomes.push({ target, result: resultOf(error), error });
    if (found === 'unknown') {
      const says = !isOpen(answer) || (cause && replyCode(cause) === undefined);
      outcomes.push(says ? outcomeOf(answer) : neverFoundOut(answer));
      continue;
    }
    const there = found === 'gone' ? undefined : found.get(nameOf(answer));
    if (!there) outcomes.push({ target, result: cause ? 'already-gone' : 'deleted' });
    else if ((there.kind === 'folder') !== (kind === 'folder')) {
      settle(new StorageError('changed', `Something else has taken its place: ${path}`, { cause }));
    } else if (kind === 'folder' && (await isFull(ftp, id, signal))) {
      settle(new StorageError('not-empty', `Something is in this folder: ${path}`, { cause }));
    } else settle(cause ?? new StorageError('unexpected', `The server says that it went, and still shows it: ${path}`));
  }
  return outcomes;
}

function neverFoundOut({ target, ...answer }: Answer): Outcome {
  const cause = 'failure' in answer ? answer.failure : undefined;
  const sentence = `What became of it could not be found out: ${target.entry.path}`;
  const error = new StorageError('unexpected', sentence, { detail: cause?.detail, cause });
  return { target, result: resultOf(error), error };
}

async function isFull(ftp: FtpConnection, folder: string, signal: AbortSignal): Promise<boolean> {
  const holds = await ftp.useAgain(folder, signal, (session) => holdsSomething(session, folder)).catch(() => undefined);
  return holds ?? false;
}
