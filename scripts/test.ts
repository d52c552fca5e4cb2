import { addCounts, type Counts, closingLine, noCounts } from './counts.ts';
import { runChecks } from './stages/check.ts';
import { runHost } from './stages/host.ts';
import { runVitest } from './stages/vitest.ts';

type Stage = (passThrough: readonly string[]) => Promise<Counts>;

const stages: Record<string, Stage> = {
  check: runChecks,
  unit: (args) => runVitest('unit', args),
  contract: (args) => runVitest('contract', args),
  browser: (args) => runVitest('browser', args),
  host: runHost,
  e2e: (args) => runVitest('e2e', args),
  long: (args) => runVitest('long', args),
};
const everyStage = ['check', 'unit', 'contract', 'browser', 'host', 'e2e'];

/** `test.ts [stage…] [options for the runner]`: runs the stages in turn, all but the long ones when none is named, and closes with one line of counts. */
async function main(args: readonly string[]): Promise<void> {
  const firstOption = args.findIndex((arg) => !(arg in stages));
  const named = firstOption === -1 ? args : args.slice(0, firstOption);
  const passThrough = firstOption === -1 ? [] : args.slice(firstOption);
  let total = noCounts;
  const summary: string[] = [];
  for (const name of named.length > 0 ? named : everyStage) {
    console.log(`\n${name}`);
    const counts = await runStage(name, passThrough);
    total = addCounts(total, counts);
    summary.push(`${name.padEnd(8)}  ${closingLine(counts)}`);
  }
  console.log(`\n${[...summary, ...total.remarks].join('\n')}\n`);
  console.log(closingLine(total));
  process.exitCode = total.failed > 0 ? 1 : 0;
}

async function runStage(name: string, passThrough: readonly string[]): Promise<Counts> {
  try {
    return (await stages[name]?.(passThrough)) ?? noCounts;
  } catch (error) {
    console.error(error);
    return { ...noCounts, failed: 1, remarks: [`✗ ${name}: ${String(error)}`] };
  }
}

await main(process.argv.slice(2));
