import { formatBytes, formatCount, formatCounted, formatNames, showName } from '../core/text.ts';
import type {
  Confirmation,
  LockQuestion,
  RemovalCounts,
  RemovalPlan,
  RuleQuestion,
  Selected,
  WholeQuestion,
} from './removal.ts';

/** Up to so much a click on a button will do; above, and for a whole container, a name must be typed. */
export interface Caps {
  readonly objects: number;
  readonly bytes: number;
}

export const usualCaps: Caps = { objects: 1_000, bytes: Number.POSITIVE_INFINITY };

/** What to ask, by how much would be lost: more to read and more to do the more there is. */
export function confirmationFor(plan: RemovalPlan, caps = usualCaps): Confirmation {
  const { counts, selection } = plan;
  const total = totalOf(counts);
  if (total === 0) return { kind: 'none', title: `Nothing to delete: ${namesText(selection)}` };
  const single = total === 1 && selection.length === 1 && isSingle(selection[0]);
  const what = `${total === counts.uploads ? 'Abort' : 'Delete'} ${whatText(counts)}`;
  const title = single ? `${what}: ${namesText(selection)}` : `${what}?`;
  const question = { title, detail: detailOf(plan), button: titleCase(what), ...lockQuestion(plan) };
  const wholeContainer = plan.selection.some(({ kind }) => kind === 'container');
  if (fits(counts, caps) && !wholeContainer) return { kind: 'modal', ...question };
  const name = nameToType(plan);
  return { kind: 'typeName', ...question, name, prompt: `To delete ${whatText(counts)}, type: ${name}` };
}

/** Below so many entries, deleting what was listed takes no time. */
const wholeFrom = 100;

/** Whether to delete folders whole, where that can be asked: of a backend that can, of folders alone, when there is much in them. */
export function wholeQuestion({ selection, counts }: RemovalPlan, canWhole: boolean): WholeQuestion | undefined {
  if (!canWhole || totalOf(counts) < wholeFrom || selection.some(({ kind }) => kind !== 'folder')) return undefined;
  const one = selection.length === 1;
  return {
    title: `How to delete: ${namesText(selection)}`,
    listed: 'Delete What Was Listed, One by One',
    whole: `Delete ${one ? 'the Folder' : 'the Folders'} Whole, Including Anything That Arrives Meanwhile`,
  };
}

/** Whether to let the provider delete by a rule of its own, where that can be asked: of one place that it can name, from so much on. */
export function ruleQuestion(plan: RemovalPlan, canRule: boolean, from: number): RuleQuestion | undefined {
  const { selection, counts } = plan;
  const [only, ...others] = selection;
  const nameable = others.length === 0 && (only?.kind === 'container' || only?.kind === 'folder');
  if (!canRule || !nameable || totalOf(counts) < from) return undefined;
  return {
    title: `How to delete ${whatText(counts)}: ${namesText(selection)}`,
    listed: 'Delete What Was Listed, from Here',
    rule: 'Use a Lifecycle Rule…',
  };
}

/** What to ask before several plans run as one: a single question by what all of them would delete together. */
export function confirmationForAll(plans: readonly RemovalPlan[], caps = usualCaps): Confirmation {
  const [only, ...others] = plans;
  if (only && others.length === 0) return confirmationFor(only, caps);
  const counts = plans.map((plan) => plan.counts).reduce(addCounts, noCounts);
  const total = totalOf(counts);
  if (total === 0) return { kind: 'none', title: 'Nothing to delete' };
  const what = whatText(counts);
  const question = {
    title: `Delete ${what}?`,
    detail: plans.flatMap(shareLines),
    button: titleCase(`Delete ${what}`),
    ...lockQuestion({ counts: { ...counts, bypassable: bypassableIn(plans) } }),
  };
  if (fits(counts, caps)) return { kind: 'modal', ...question };
  return { kind: 'typeName', ...question, name: what, prompt: `To delete them, type: ${what}` };
}

/** How many things a plan deletes, of whatever kind. */
export function totalOf({ objects, folders, uploads }: RemovalCounts): number {
  return objects + folders + uploads;
}

function fits(counts: RemovalCounts, { objects, bytes }: Caps): boolean {
  return totalOf(counts) <= objects && counts.bytes <= bytes;
}

const noCounts: RemovalCounts = {
  objects: 0,
  folders: 0,
  versions: 0,
  markers: 0,
  uploads: 0,
  locked: 0,
  bypassable: 0,
  bytes: 0,
};

function addCounts(a: RemovalCounts, b: RemovalCounts): RemovalCounts {
  const names = Object.keys(noCounts) as (keyof RemovalCounts)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as RemovalCounts;
}

function bypassableIn(plans: readonly RemovalPlan[]): number {
  return plans.reduce((sum, { counts, bypass }) => sum + (bypass ? 0 : counts.bypassable), 0);
}

/** What one credential's plan says among others: how much, and what is lost with it. */
function shareLines(plan: RemovalPlan): readonly string[] {
  const { counts, credential, provider, notices } = plan;
  const size = counts.bytes > 0 ? `, ${formatBytes(counts.bytes)}` : '';
  return [
    `${showName(credential.name)} (${provider.label}): ${whatText(counts)}${size}. ${recoveryText(plan)}`,
    ...lockLines(plan),
    ...notices,
  ];
}

function lockQuestion({ counts: { bypassable }, bypass }: Pick<RemovalPlan, 'counts' | 'bypass'>): {
  locks?: LockQuestion;
} {
  if (bypassable === 0 || bypass) return {};
  const title = `Locked in governance mode: ${formatCount(bypassable)}`;
  return {
    locks: { title, keep: 'Leave Locked Ones', bypass: 'Delete Locked Ones Too (Bypass Governance)' },
  };
}

function detailOf(plan: RemovalPlan): readonly string[] {
  const { counts, credential, provider, notices } = plan;
  return [
    ...(plan.whole ? ['Folders are deleted whole, including anything that arrives meanwhile.'] : []),
    recoveryText(plan),
    ...selectionLines(plan),
    ...versionLine(plan),
    ...(counts.bytes > 0 ? [`Size: ${formatBytes(counts.bytes)}`] : []),
    ...lockLines(plan),
    `Credential: ${showName(credential.name)} (${provider.label})`,
    ...notices,
    ...conditionLines(plan, counts),
  ];
}

/** From so many on, deleting takes long enough for something to be overwritten meanwhile. */
const conditionFrom = 1_000;

function conditionLines(plan: RemovalPlan, counts: RemovalCounts): readonly string[] {
  return totalOf(counts) >= conditionFrom ? conditionNotice(plan) : [];
}

/** What a plan says where the server can't be asked to keep what has changed. */
export function conditionNotice({ unconditional }: Pick<RemovalPlan, 'unconditional'>): readonly string[] {
  return unconditional ? ['Not conditional: what is overwritten before its turn comes goes too.'] : [];
}

/** Two versions of an object have the same name. */
function versionLine({ selection }: RemovalPlan): readonly string[] {
  const [only, ...others] = selection;
  if (only?.kind !== 'object' || !only.version || others.length > 0) return [];
  return [`Version: ${showName(only.version.id)}`];
}

function lockLines({ counts, bypass }: RemovalPlan): readonly string[] {
  const bypassed = bypass ? counts.bypassable : 0;
  const kept = counts.locked - bypassed;
  return [
    ...(bypassed > 0 ? [`Locked in governance mode, which is bypassed for: ${formatCount(bypassed)}`] : []),
    ...(kept > 0 ? [`Locked, so the server will likely keep them: ${formatCount(kept)}`] : []),
  ];
}

function recoveryText({ mode, recovery, counts }: RemovalPlan): string {
  const { versions, markers, uploads } = counts;
  if (versions > 0) return "This can't be undone. A version that is deleted by itself is gone for good.";
  if (uploads > 0 && uploads === totalOf(counts)) return "This can't be undone. What was uploaded so far is lost.";
  if (mode === 'permanent') return "This can't be undone.";
  if (markers > 0 && markers === totalOf(counts)) return 'What stood before a delete marker counts again.';
  if (uploads > 0) return `${ordinaryRecovery(recovery)} An upload that is aborted is gone for good.`;
  return ordinaryRecovery(recovery);
}

function ordinaryRecovery(recovery: RemovalPlan['recovery']): string {
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

function isSingle(selected: Selected | undefined): boolean {
  return selected?.kind === 'object' || selected?.kind === 'upload';
}

function nounOf({ provider }: RemovalPlan, count: number): string {
  return count === 1 ? `the ${provider.noun.one}` : formatCounted(count, provider.noun.one, provider.noun.many);
}

/** '12 objects', '1 folder', '12 versions, 2 delete markers and 3 folders'. */
function whatText({ objects, folders, versions, markers, uploads }: RemovalCounts): string {
  const plain = objects - versions - markers;
  const parts = [
    ...(plain > 0 ? [formatCounted(plain, 'object', 'objects')] : []),
    ...(versions > 0 ? [formatCounted(versions, 'version', 'versions')] : []),
    ...(markers > 0 ? [formatCounted(markers, 'delete marker', 'delete markers')] : []),
    ...(folders > 0 ? [formatCounted(folders, 'folder', 'folders')] : []),
    ...(uploads > 0 ? [formatCounted(uploads, 'unfinished upload', 'unfinished uploads')] : []),
  ];
  return [...parts.slice(0, -2), parts.slice(-2).join(' and ')].join(', ');
}

function namesText(selection: readonly Selected[]): string {
  return formatNames(selection.map((selected) => (selected.kind === 'container' ? selected.name : selected.path)));
}

/** The name of the one thing that was selected, where it can be typed; else the credential's. */
export function nameToType({ selection, credential }: Pick<RemovalPlan, 'selection' | 'credential'>): string {
  const [only, ...others] = selection;
  const name = only?.name.replace(/\/+$/, '') ?? '';
  const typeable = name !== '' && name === name.trim() && name === showName(name) && name.length <= 100;
  return others.length === 0 && typeable ? name : credential.name.trim();
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function titleCase(text: string): string {
  return text.replace(/\b[a-z]+/g, (word) => (word === 'and' ? word : sentenceCase(word)));
}
