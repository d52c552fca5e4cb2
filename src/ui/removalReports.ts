import path from 'node:path';
import { type Disposable, Uri, window, workspace } from 'vscode';
import type { Removal } from '../removal/removal.ts';

const reportScheme = 'storage-credentials-report';

/** More than this no one reads; Save Report has them all. */
const mostLines = 10_000;

/** Reports of removals as read-only documents, read from disk when they are shown. */
export class RemovalReports implements Disposable {
  readonly #registration: Disposable;

  constructor(storage: string) {
    this.#registration = workspace.registerTextDocumentContentProvider(reportScheme, {
      provideTextDocumentContent: async (uri) => {
        const { reportOf } = await import('../removal/report.ts');
        return (
          (await reportOf(storage, path.basename(path.dirname(uri.path)), mostLines)) ??
          'This report is no longer kept.'
        );
      },
    });
  }

  async show({ plan }: Removal): Promise<void> {
    const uri = Uri.from({ scheme: reportScheme, path: `/${plan.id}/${plan.undoes ? 'Undo' : 'Removal'} Report.txt` });
    await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
  }
}
