import { formatCounted } from '../core/text.ts';
import { totalOf } from '../removal/confirm.ts';
import { discardRemoval } from '../removal/plan.ts';
import { planCsv, planJson } from '../removal/preview.ts';
import { planFor } from './deleteEntries.ts';
import type { Handler } from './parts.ts';
import { writeText } from './removalDialogs.ts';
import { entryTargets } from './targets.ts';

/** Writes what a deletion would delete into a file, as CSV or JSON, and deletes nothing. */
export const previewDeletion: Handler = async (parts, node, nodes) => {
  const targets = await entryTargets(parts, 'Preview Deletion', ['container', 'folder', 'object'], node, nodes);
  for (const [credential, mine] of Map.groupBy(targets, (target) => target.credential)) {
    await using lease = await parts.sessions.open(credential.id);
    const removal = await planFor(parts, lease, mine, false);
    if (!removal) return;
    try {
      const target = await parts.dialogs.chooseTarget('Save Preview', `deletion-${removal.plan.id}.csv`);
      if (!target) return;
      await writeText(target, target.path.endsWith('.json') ? planJson(removal) : planCsv(removal));
      const count = formatCounted(totalOf(removal.plan.counts), 'entry', 'entries');
      void parts.dialogs.notify('info', `Nothing was deleted. Written to ${target.path}: ${count}`);
    } finally {
      await discardRemoval(removal);
    }
  }
};
