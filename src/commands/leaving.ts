/** Aborted when the window goes: before its connections are closed, so that nobody takes that for an answer. */
export const leaving = new AbortController();
