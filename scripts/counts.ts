/** What a stage of the tests came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Said once more at the end: each test that failed, or passed only when it was tried again. */
  readonly remarks: readonly string[];
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0, remarks: [] };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    remarks: [...a.remarks, ...b.remarks],
  };
}

/** A runner that crashed, or ran nothing, counts as one failure even when it names none. */
export function countsOfRun(counts: Counts, crashed: boolean): Counts {
  const nothing = counts.passed + counts.failed === 0;
  if (counts.failed > 0 || !(crashed || nothing)) return counts;
  return { ...counts, failed: 1, remarks: [...counts.remarks, crashed ? '✗ The run crashed' : '✗ Nothing was run'] };
}

/** The closing line: 'N passed, N failed', and the skipped where there are any. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
