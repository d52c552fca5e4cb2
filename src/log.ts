import { type LogOutputChannel, window } from 'vscode';
import { StorageError } from './core/errors.ts';
import type { Redactor } from './core/redaction.ts';

/** The extension's log. Nothing reaches it before the redactor has seen it. */
export interface Log {
  info(sentence: string): void;
  warn(sentence: string): void;
  error(sentence: string, error: unknown): void;
  show(): void;
  dispose(): void;
}

export function createLog(redactor: Redactor): Log {
  const channel: LogOutputChannel = window.createOutputChannel('Storage Credentials', { log: true });
  return {
    info: (sentence) => channel.info(redactor.redact(sentence)),
    warn: (sentence) => channel.warn(redactor.redact(sentence)),
    error: (sentence, error) => channel.error(redactor.redact(`${sentence} ${describe(error)}`)),
    show: () => channel.show(),
    dispose: () => channel.dispose(),
  };
}

function describe(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 8) return String(error);
  const detail = error instanceof StorageError && error.detail !== undefined ? ` [${error.kind}: ${error.detail}]` : '';
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause, depth + 1)}`;
  return `${error.stack ?? error.message}${detail}${cause}`;
}
