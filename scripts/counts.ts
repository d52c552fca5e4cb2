/** What a stage of the tests came to. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** A runner that crashed, or ran nothing, counts as one failure even when it names none. */
export function countsOfRun(counts: Counts, crashed: boolean): Counts {
  const nothing = counts.passed + counts.failed === 0;
  return counts.failed === 0 && (crashed || nothing) ? { ...counts, failed: 1 } : counts;
}

/** The closing line: 'N passed, N failed', and the skipped where there are any. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
