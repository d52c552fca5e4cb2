import path from 'node:path';
import { type Disposable, Uri, window, workspace } from 'vscode';
import { readReport } from '../removal/engine.ts';
import { openRemoval, removalsFolder } from '../removal/plan.ts';
import type { Removal } from '../removal/removal.ts';
import { textReport } from '../removal/report.ts';

const reportScheme = 'storage-credentials-report';

/** More than this no one reads; Save Report has them all. */
const mostLines = 10_000;

/** Reports of removals as read-only documents, read from disk when they are shown. */
export class RemovalReports implements Disposable {
  readonly #storage: string;
  readonly #registration: Disposable;

  constructor(storage: string) {
    this.#storage = storage;
    this.#registration = workspace.registerTextDocumentContentProvider(reportScheme, {
      provideTextDocumentContent: (uri) => this.#textOf(path.basename(path.dirname(uri.path))),
    });
  }

  async show({ plan }: Removal): Promise<void> {
    const uri = Uri.from({ scheme: reportScheme, path: `/${plan.id}/Removal Report.txt` });
    await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
  }

  async #textOf(id: string): Promise<string> {
    const removal = await openRemoval(path.join(removalsFolder(this.#storage), id));
    const report = removal && (await readReport(removal.folder));
    if (!removal || !report) return 'This report is no longer kept.';
    return (await Array.fromAsync(textReport(removal, report, mostLines))).join('');
  }
}
