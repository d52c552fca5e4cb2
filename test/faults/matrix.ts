import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Provider } from '../../src/core/provider.ts';
import { timeLimits } from '../../src/providers/_shared/http.ts';
import type { ContractServers } from '../contract/contractServer.ts';
import { Contract } from '../contract/contractSuite.ts';
import { Random } from '../oracle/random.ts';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import { temporaryFolder } from '../servers/serverProcess.ts';
import { type CellResult, type Middle, tryCell } from './cell.ts';
import { dialects } from './dialects.ts';
import { ftpRecipe, sftpRecipe, startFtpMiddle, startSftpMiddle } from './fileRecipes.ts';
import { startHttpMiddle } from './httpMiddle.ts';
import { type HttpProvider, httpRecipe, type RecipeOrReason } from './httpRecipes.ts';
import { type FaultKind, faultKinds } from './kinds.ts';

/** Every provider that deletes; Storj's is the one of S3. */
export const matrixProviders = ['s3', 'gcs', 'azureBlob', 'b2', 'swift', 'webdav', 'sftp', 'ftp'] as const;
export type MatrixProvider = (typeof matrixProviders)[number];

/** What a cell of the table says: what became of it, why it is not applicable, or that it was not tried. */
export type Verdict = CellResult | { readonly kind: FaultKind; readonly reason: string };

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;

const root = path.resolve(import.meta.dirname, '../..');

/** One provider before one server, into whose cells faults are put. */
export class MatrixRow {
  readonly id: MatrixProvider;
  readonly contract: Contract;
  readonly #certificates: Certificates;
  readonly #folder: Folder;

  private constructor(id: MatrixProvider, contract: Contract, certificates: Certificates, folder: Folder) {
    this.id = id;
    this.contract = contract;
    this.#certificates = certificates;
    this.#folder = folder;
  }

  /** Starts it; gives the sentence that says what is missing where it can't be. */
  static async open(id: MatrixProvider): Promise<MatrixRow | string> {
    const { contractServers } = (await import(path.join(root, 'test/contract', `${id}.server.ts`))) as {
      contractServers: ContractServers;
    };
    const { default: provider } = (await import(path.join(root, 'src/providers', id, 'provider.ts'))) as {
      default: Provider;
    };
    const { servers, missing } = await contractServers('fault matrix');
    const [first, ...others] = servers;
    await Promise.all(others.map((server) => server.stop?.()));
    if (!first) return missing.join(' ') || 'No server.';
    return new MatrixRow(
      id,
      new Contract(provider, first),
      await createCertificates(),
      await temporaryFolder('matrix'),
    );
  }

  /** Tries one cell. @param seed decides what is hit */
  async try(kind: FaultKind, seed: number): Promise<Verdict> {
    const random = new Random(seed);
    switch (this.id) {
      case 'ftp':
        return await this.#run(kind, ftpRecipe(kind, this.#certificates), () => startFtpMiddle(this.contract), random);
      case 'sftp':
        return await this.#run(kind, sftpRecipe(kind), () => startSftpMiddle(this.contract), random);
      default: {
        const recipe = httpRecipe(kind, this.id satisfies HttpProvider, this.#certificates);
        const options = typeof recipe === 'string' ? {} : recipe.middle;
        return await this.#run(kind, recipe, () => startHttpMiddle(this.contract, options), random);
      }
    }
  }

  async close(): Promise<void> {
    await this.contract.close();
    await this.contract.server.stop?.();
    await this.#certificates.remove();
    await this.#folder.remove();
  }

  async #run<M extends Middle>(
    kind: FaultKind,
    recipe: RecipeOrReason<M>,
    start: () => Promise<M>,
    random: Random,
  ): Promise<Verdict> {
    if (typeof recipe === 'string') return { kind, reason: recipe };
    const middle = await start();
    try {
      return await tryCell(kind, recipe, this.contract, middle, random, this.#folder.path);
    } finally {
      await middle.stop();
      await this.contract.close();
      await this.contract.server.cleanUp?.();
    }
  }
}

/** Lets single requests give up soon, so that what is never answered ends while a test waits. */
export function shortenTimeLimits(): void {
  Object.assign(timeLimits, { connect: 1_500, firstByte: 1_500, idle: 1_500 });
}

/** Whether a fault can be made at a provider. */
export function isApplicable(id: MatrixProvider, kind: FaultKind): boolean {
  const none = {} as Certificates;
  if (id === 'ftp') return typeof ftpRecipe(kind, none) !== 'string';
  if (id === 'sftp') return typeof sftpRecipe(kind) !== 'string';
  return id in dialects && typeof httpRecipe(kind, id, none) !== 'string';
}

/** The table, one line for each kind, with reasons and failures below; and the file that holds it and the numbers. */
export async function writeTable(
  file: string,
  verdicts: ReadonlyMap<MatrixProvider, readonly Verdict[]>,
  missing: ReadonlyMap<MatrixProvider, string>,
): Promise<string> {
  const width = Math.max(...faultKinds.map(({ length }) => length));
  const ids = matrixProviders;
  const notes: string[] = [];
  const lines = [['fault'.padEnd(width), ...ids.map((id) => id.padEnd(9))].join('  ')];
  for (const kind of faultKinds) {
    const cells = ids.map((id) => {
      const verdict = verdicts.get(id)?.find((each) => each.kind === kind);
      if (!verdict) return '';
      if ('reason' in verdict) {
        notes.push(`n/a  ${id}, ${kind}: ${verdict.reason}`);
        return 'n/a';
      }
      if (verdict.wrong.length === 0) return '✓';
      notes.unshift(`FAILED  ${id}, ${kind}: ${verdict.wrong.slice(0, 5).join('; ')}`);
      return 'FAILED';
    });
    lines.push([kind.padEnd(width), ...cells.map((cell) => cell.padEnd(9))].join('  ').trimEnd());
  }
  const passed = ids.map((id) => {
    const tried = (verdicts.get(id) ?? []).filter((verdict) => 'wrong' in verdict);
    return `${id} ${tried.filter(({ wrong }) => wrong.length === 0).length} of ${tried.length}`;
  });
  const gaps = [...missing].map(([id, sentence]) => `Not tried  ${id}: ${sentence}`);
  const table = [...lines, '', ...gaps, ...notes, '', `Passed: ${passed.join(', ')}`].join('\n');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.txt`, `${table}\n`);
  await writeFile(`${file}.json`, JSON.stringify(Object.fromEntries(verdicts), undefined, 1));
  return table;
}
