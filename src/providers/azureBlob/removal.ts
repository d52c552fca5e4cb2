import { randomUUID } from 'node:crypto';
import { StorageError } from '../../core/errors.ts';
import type { Entry, Outcome, Target } from '../../core/storageClient.ts';
import { type RemovalWays, removeInWays, singlesInFlight } from '../_shared/batchRemoval.ts';
import { refuseTarget, resultOf, unanswered } from '../_shared/outcomes.ts';
import { inParallel } from '../_shared/parallel.ts';
import { unansweredCode } from './answers.ts';
import type { AzureConnection, PartReply, WrittenBatch } from './connection.ts';
import { refusalError } from './errors.ts';
import { refuseName } from './names.ts';
import { AzureAnswer } from './wire.ts';

/** Deletes up to 256 objects, each with its snapshots: together where the server takes batches, one by one where not. */
export function removeBatch(
  azure: AzureConnection,
  batch: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const ways: RemovalWays = {
    refuse: ({ entry }) => refuse(azure, entry),
    groupOf: ({ entry }) => containerIn(entry),
    together: (targets, limited) => removeTogether(azure, targets, limited),
    one: (target, limited) => removeOne(azure, target, limited),
    explain: (outcomes, limited) => findGone(azure, outcomes, limited),
  };
  return removeInWays(batch, ways, signal);
}

function refuse({ options }: AzureConnection, entry: Entry): StorageError | undefined {
  if (entry.version !== undefined) {
    return new StorageError('unsupported', `Versions and snapshots go with their object: ${entry.path}`);
  }
  return refuseTarget(entry, options, ['object']) ?? refuseName(entry.id);
}

/** Undefined where the server takes no batches: then nothing was done yet. */
async function removeTogether(
  azure: AzureConnection,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly Outcome[] | undefined> {
  const container = targets[0] ? containerIn(targets[0].entry) : '';
  if (azure.withoutBatches.has(container) || isEmulatedToken(azure)) return undefined;
  const batch = writeBatch(azure, container, targets);
  const query = { restype: 'container', comp: 'batch' };
  let refused = false;
  try {
    const replies = await azure.run(
      { container },
      { method: 'POST', query, answer: { replies: targets.length } },
      signal,
      async () => {
        try {
          return await azure.library.submit(container, batch, signal);
        } catch (error) {
          refused = takesNoBatches(azure, error);
          throw error;
        }
      },
    );
    return targets.map((target, index) => outcomeOf(azure, target, replies[index]));
  } catch (error) {
    if (refused) {
      azure.withoutBatches.add(container);
      return undefined;
    }
    const failure = azure.fail(error, { container }, signal);
    return targets.map((target) => ({ target, result: resultOf(failure), error: failure }));
  }
}

/** Azurite, whose accounts stand in the path, answers every batch under a token of the account with status 500. */
function isEmulatedToken({ options: { sasToken, service } }: AzureConnection): boolean {
  return service.pathname !== '/' && /(^|&)srt=/.test(sasToken);
}

/** A SAS token may be good for blobs and not for a batch of them. */
function takesNoBatches({ options }: AzureConnection, error: unknown): boolean {
  if (!(error instanceof AzureAnswer)) return false;
  const { code = '', statusCode } = error;
  if (options.sasToken !== '' && statusCode === 403) return permission.has(code);
  return statusCode === 400 || statusCode === 405 || statusCode === 501 || notOffered.has(code);
}

const permission: ReadonlySet<string> = new Set([
  'AuthorizationPermissionMismatch',
  'AuthorizationResourceTypeMismatch',
]);
const notOffered: ReadonlySet<string> = new Set([
  'FeatureNotSupportedForAccount',
  'BlobApiNotYetSupportedForHierarchicalNamespaceAccounts',
]);

/** https://learn.microsoft.com/rest/api/storageservices/blob-batch */
function writeBatch(azure: AzureConnection, container: string, targets: readonly Target[]): WrittenBatch {
  const boundary = `batch_${randomUUID()}`;
  const parts = targets.map((target, id) => {
    const path = azure.path({ container, id: target.entry.id });
    const headers = { 'x-ms-delete-snapshots': 'include', ...conditionOf(target) };
    const all = { ...headers, ...azure.library.signPart({ path, headers }), 'Content-Length': '0' };
    const sas = azure.options.sasToken === '' ? '' : `?${azure.options.sasToken}`;
    const lines = [
      `--${boundary}`,
      'Content-Type: application/http',
      'Content-Transfer-Encoding: binary',
      `Content-ID: ${id}`,
      '',
      `DELETE ${path}${sas} HTTP/1.1`,
      ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
    ];
    return `${lines.join('\r\n')}\r\n\r\n`;
  });
  return {
    type: `multipart/mixed; boundary=${boundary}`,
    body: `${parts.join('')}--${boundary}--\r\n`,
    parts: targets.length,
  };
}

function conditionOf({ ifTag }: Target): { 'If-Match'?: string } {
  return ifTag === undefined ? {} : { 'If-Match': ifTag };
}

function outcomeOf(azure: AzureConnection, target: Target, reply: PartReply | undefined): Outcome {
  const { container, id } = target.entry;
  if (reply === undefined || reply.errorCode === unansweredCode) return unanswered(target);
  const { status, errorCode: code } = reply;
  if (status === 202 && code === undefined) return { target, result: 'deleted' };
  if (status === 404 && code === 'BlobNotFound') return { target, result: 'already-gone' };
  if (status < 300) return unanswered(target);
  const facts = {
    statusCode: status,
    code,
    message: [status, code].filter(Boolean).join(' · '),
    retryAfter: undefined,
  };
  const error = refusalError(facts, azure.subject({ container, id }));
  return { target, result: resultOf(error), error };
}

async function removeOne(azure: AzureConnection, target: Target, signal: AbortSignal): Promise<Outcome> {
  const { entry, ifTag } = target;
  const container = containerIn(entry);
  let code: string | undefined;
  try {
    await azure.run({ container, id: entry.id }, { method: 'DELETE', answer: 'nothing' }, signal, async () => {
      try {
        const blob = azure.library.remover.getContainerClient(container).getBlobClient(entry.id);
        const conditions = ifTag === undefined ? {} : { ifMatch: ifTag };
        await blob.delete({ abortSignal: signal, deleteSnapshots: 'include', conditions });
      } catch (error) {
        if (error instanceof AzureAnswer) code = error.code;
        throw error;
      }
    });
    return { target, result: 'deleted' };
  } catch (error) {
    const failure = azure.fail(error, { container, id: entry.id }, signal);
    if (code === 'BlobNotFound') return { target, result: 'already-gone' };
    return { target, result: resultOf(failure), error: failure };
  }
}

/** A condition fails on what is gone, too: of those it is asked whether they still are there. */
async function findGone(
  azure: AzureConnection,
  outcomes: readonly Outcome[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const gone = new Set<Outcome>();
  const changed = outcomes.filter(({ result }) => result === 'changed');
  await inParallel(changed, singlesInFlight, async (outcome) => {
    if (await isGone(azure, outcome.target.entry, signal)) gone.add(outcome);
  });
  return outcomes.map((outcome) =>
    gone.has(outcome) ? { target: outcome.target, result: 'already-gone' as const } : outcome,
  );
}

async function isGone(azure: AzureConnection, entry: Entry, signal: AbortSignal): Promise<boolean> {
  const container = containerIn(entry);
  const errand = { method: 'HEAD', answer: 'nothing' } as const;
  try {
    await azure.run({ container, id: entry.id }, errand, signal, () =>
      azure.blob(container, entry.id).getProperties({ abortSignal: signal }),
    );
    return false;
  } catch (error) {
    // Not told: then it counts as changed, which is what the server said.
    return error instanceof StorageError && error.cause instanceof AzureAnswer && error.cause.code === 'BlobNotFound';
  }
}

function containerIn(entry: Entry): string {
  return entry.container ?? '';
}
