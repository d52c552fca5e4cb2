import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { countReport, type ReportLine } from '../../../scripts/reportLines.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'storage-credentials-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

function reportOf(...lines: ReportLine[]): string {
  const file = path.join(folder, 'report.jsonl');
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
}

it('names what failed and what passed only the second time', () => {
  const report = reportOf(
    { state: 'passed', title: 'lists' },
    { state: 'skipped', title: 'undoes' },
    { state: 'retried', title: 'verifies' },
    { state: 'failed', title: 'deletes', message: 'expected 1\nto be 2' },
    { state: 'closed' },
  );
  expect(countReport(report, true)).toEqual({
    passed: 2,
    failed: 1,
    skipped: 1,
    remarks: ['↻ verifies (passed when it was tried again)', '✗ deletes: expected 1'],
  });
});

it('counts a run without its closing line as failed', () => {
  const { passed, failed } = countReport(reportOf({ state: 'passed', title: 'lists' }), false);
  expect([passed, failed]).toEqual([1, 1]);
  expect(countReport(path.join(folder, 'missing.jsonl'), false).failed).toBe(1);
});
