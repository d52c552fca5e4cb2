import { formatBytes, formatCount, formatCounted, formatNames, showName } from '../core/text.ts';
import type { Confirmation, RemovalPlan, Selected } from './removal.ts';

/** Up to so many entries a click on a button will do; above, and for a whole container, a name must be typed. */
const clickedAtMost = 1_000;

/** What to ask, by how much would be lost: more to read and more to do the more there is. */
export function confirmationFor(plan: RemovalPlan): Confirmation {
  const { objects, folders } = plan.counts;
  const total = objects + folders;
  if (total === 0) return { kind: 'none', title: `Nothing to delete: ${namesText(plan.selection)}` };
  const single = total === 1 && plan.selection.length === 1 && plan.selection[0]?.kind === 'object';
  const title = single ? `Delete ${whatText(plan)}: ${namesText(plan.selection)}` : `Delete ${whatText(plan)}?`;
  const question = { title, detail: detailOf(plan), button: `Delete ${titleCase(whatText(plan))}` };
  const wholeContainer = plan.selection.some(({ kind }) => kind === 'container');
  if (total <= clickedAtMost && !wholeContainer) return { kind: 'modal', ...question };
  const name = nameToType(plan);
  return { kind: 'typeName', ...question, name, prompt: `To delete ${whatText(plan)}, type: ${name}` };
}

function detailOf(plan: RemovalPlan): readonly string[] {
  const { counts, credential, provider, notices } = plan;
  return [
    recoveryText(plan),
    ...selectionLines(plan),
    ...(counts.bytes > 0 ? [`Size: ${formatBytes(counts.bytes)}`] : []),
    ...(counts.versions > 0 ? [`Versions among them: ${formatCount(counts.versions)}`] : []),
    ...(counts.locked > 0 ? [`Locked, so the server will likely keep them: ${formatCount(counts.locked)}`] : []),
    `Credential: ${showName(credential.name)} (${provider.label})`,
    ...notices,
  ];
}

function recoveryText({ mode, recovery, counts }: RemovalPlan): string {
  if (mode === 'permanent') return "This can't be undone.";
  if (counts.versions > 0) return "This can't be undone. A version that is deleted by itself is gone for good.";
  if (recovery.recoverable === 'no') return `This can't be undone. ${recovery.because}`;
  if (recovery.recoverable === 'yes') return `This can be undone. ${recovery.because}`;
  return `It may be that this can't be undone. ${recovery.because}`;
}

/** Where everything lies, and by name what was selected, while it is little enough to be read. */
function selectionLines(plan: RemovalPlan): readonly string[] {
  const { selection, provider } = plan;
  const wholes = selection.filter(({ kind }) => kind === 'container');
  const rest = selection.filter(({ kind }) => kind !== 'container');
  const around = [...new Set(rest.flatMap(({ container }) => (container === undefined ? [] : [container])))];
  return [
    ...(wholes.length > 0
      ? [`Everything in ${nounOf(plan, wholes.length)}: ${namesText(wholes)}`, staysText(plan, wholes.length)]
      : []),
    ...(rest.length > 0 ? [`Selected: ${namesText(rest)}`] : []),
    ...(around.length > 0
      ? [`${sentenceCase(around.length === 1 ? provider.noun.one : provider.noun.many)}: ${formatNames(around)}`]
      : []),
  ];
}

function staysText({ provider }: RemovalPlan, count: number): string {
  return count === 1 ? `The ${provider.noun.one} itself stays.` : `The ${provider.noun.many} themselves stay.`;
}

function nounOf({ provider }: RemovalPlan, count: number): string {
  return count === 1 ? `the ${provider.noun.one}` : formatCounted(count, provider.noun.one, provider.noun.many);
}

/** '12 objects', '1 folder', '12 objects and 3 folders'. */
function whatText({ counts: { objects, folders } }: RemovalPlan): string {
  const parts = [
    ...(objects > 0 ? [formatCounted(objects, 'object', 'objects')] : []),
    ...(folders > 0 ? [formatCounted(folders, 'folder', 'folders')] : []),
  ];
  return parts.join(' and ');
}

function namesText(selection: readonly Selected[]): string {
  return formatNames(selection.map((selected) => (selected.kind === 'container' ? selected.name : selected.path)));
}

/** The name of the one thing that was selected, where it can be typed; else the credential's. */
function nameToType({ selection, credential }: RemovalPlan): string {
  const [only, ...others] = selection;
  const name = only?.name.replace(/\/+$/, '') ?? '';
  const typeable = name !== '' && name === name.trim() && name === showName(name) && name.length <= 100;
  return others.length === 0 && typeable ? name : credential.name.trim();
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function titleCase(text: string): string {
  return text.replace(/\b(object|folder)/g, (word) => sentenceCase(word));
}
