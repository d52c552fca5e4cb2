import { env } from 'vscode';
import { StorageError } from '../core/errors.ts';
import type { LifecycleChange, LifecycleRule, RuleReach } from '../core/storageClient.ts';
import { showName } from '../core/text.ts';
import { nameToType } from '../removal/confirm.ts';
import type { Lease } from '../sessions/sessions.ts';
import type { EntryNode, Node } from '../tree/nodes.ts';
import { textDocuments } from '../ui/textDocuments.ts';
import type { Handler, Parts } from './parts.ts';
import { isConfirmed } from './removalDialogs.ts';
import { entryTargets } from './targets.ts';

/** Copies the rule by which the provider would delete everything in a bucket or folder, for its own tools. Asks the server nothing. */
export const copyLifecycleRule: Handler = async (parts, node) => {
  await withRule(parts, 'Copy Lifecycle Rule', node, async ({ rule, target, lease }) => {
    const reach = await chooseReach(parts, 'Copy Lifecycle Rule', target);
    if (!reach) return;
    await env.clipboard.writeText(rule.text(reach));
    const { one } = lease.provider.noun;
    void parts.dialogs.notify(
      'info',
      `Copied the lifecycle rule. A ${one} has one list of rules: add it to those that are there, which are replaced else.`,
    );
  });
};

/** Adds the rule to those of the bucket: shows the difference, asks with the name typed, applies it and reads it back. */
export const applyLifecycleRule: Handler = async (parts, node) => {
  await withRule(parts, 'Apply Lifecycle Rule', node, async (about) => {
    const reach = await chooseReach(parts, 'Apply Lifecycle Rule', about.target);
    if (!reach) return;
    const planned = await plan(parts, about, 'apply', reach);
    const path = showName(about.target.entry.path);
    if (planned.before === planned.after) {
      void parts.dialogs.notify('info', `The lifecycle rule is there already: ${path}`);
      return;
    }
    const detail = [
      ...everythingLines(about.target),
      reach.versions
        ? 'Older versions and unfinished uploads go too, for good.'
        : 'Unfinished uploads go too. Where versions are kept, the older ones stay.',
      'It begins a day after something was made, and takes as long as the provider takes. There is no report of it.',
    ];
    await confirmAndChange(parts, about, planned, {
      title: `Let ${about.lease.provider.label} delete: ${path}`,
      detail,
    });
  });
};

/** Takes exactly that rule away again. */
export const removeLifecycleRule: Handler = async (parts, node) => {
  await withRule(parts, 'Remove Lifecycle Rule', node, async (about) => {
    const planned = await plan(parts, about, 'remove', { versions: false });
    const path = showName(about.target.entry.path);
    if (planned.before === planned.after) {
      void parts.dialogs.notify('info', `There is no lifecycle rule that was applied here: ${path}`);
      return;
    }
    const detail = ['Nothing more is deleted by it then. What it has deleted stays deleted.'];
    await confirmAndChange(parts, about, planned, {
      title: `Remove the lifecycle rule: ${path}`,
      detail,
      remove: true,
    });
  });
};

interface About {
  readonly rule: LifecycleRule;
  readonly target: EntryNode;
  readonly lease: Lease;
}

async function withRule(
  parts: Parts,
  title: string,
  node: Node | undefined,
  work: (about: About) => Promise<void>,
): Promise<void> {
  const [target] = await entryTargets(parts, title, ['container', 'folder'], node);
  if (!target?.place) return;
  await using lease = await parts.sessions.open(target.credential.id);
  const { client, provider, record } = lease;
  if (!client.lifecycle || !provider.capabilities.has('lifecycle')) {
    throw new StorageError('unsupported', `There are no lifecycle rules there: ${provider.label}`);
  }
  // The row was listed with another state of the credential: the same name may stand for another bucket now.
  if (record.revision !== target.credential.record.revision) {
    await parts.store.refresh();
    throw new StorageError('changed', 'The credential was changed meanwhile. Look again first.');
  }
  await work({ rule: client.lifecycle(target.place), target, lease });
}

/** What the rule takes; the way that keeps more stands first. */
async function chooseReach({ dialogs }: Parts, title: string, { entry }: EntryNode): Promise<RuleReach | undefined> {
  return await dialogs.pick(`${title}: ${showName(entry.path)}`, [
    { label: 'What Is Current', detail: 'Older versions stay where versions are kept.', value: { versions: false } },
    { label: 'What Is Current and Every Older Version', value: { versions: true } },
  ]);
}

/** The rules as they are now and as they would be, in an editor that shows what differs. */
async function plan(
  parts: Parts,
  { rule, target }: About,
  what: 'apply' | 'remove',
  reach: RuleReach,
): Promise<LifecycleChange> {
  const planned = await parts.dialogs.progress('Reading the lifecycle rules', (_, signal) =>
    rule.plan(what, reach, { signal }),
  );
  if (planned.before !== planned.after) {
    const { credential, entry } = target;
    const subject = `lifecycle ${credential.id} ${entry.path}`;
    const documents = textDocuments(parts.own);
    await documents.showDifference(subject, 'Lifecycle Rules (Before and After)', planned.before, planned.after);
  }
  return planned;
}

function everythingLines({ entry, credential }: EntryNode): readonly string[] {
  const where =
    entry.kind === 'container'
      ? `in the whole ${credential.provider.noun.one}`
      : `under this prefix: ${showName(entry.id)}`;
  return [
    "This can't be undone.",
    'It deletes everything there, also what arrives later, until the rule is removed.',
    `Everything ${where}`,
  ];
}

async function confirmAndChange(
  parts: Parts,
  { rule, target, lease }: About,
  planned: LifecycleChange,
  { title, detail, remove = false }: { title: string; detail: readonly string[]; remove?: true | false },
): Promise<void> {
  const { entry, credential } = target;
  const { provider, record } = lease;
  const name = nameToType({ selection: [entry], credential: record });
  const confirmed = await isConfirmed(parts.dialogs, {
    kind: 'typeName',
    ...{ title, name, button: 'Continue…' },
    detail: [
      ...detail,
      ...planned.notices,
      'The difference between the rules now and then is shown in the editor.',
      `Credential: ${showName(record.name)} (${provider.label})`,
    ],
    prompt: `To ${remove ? 'remove the rule' : 'let everything there be deleted'}, type: ${name}`,
  });
  if (!confirmed) return;
  await parts.dialogs.progress(remove ? 'Removing the lifecycle rule' : 'Applying the lifecycle rule', (_, signal) =>
    rule.change(planned, { signal }),
  );
  const path = showName(entry.path);
  parts.log.info(`${remove ? 'Removed' : 'Applied'} the lifecycle rule in ${credential.record.name}: ${path}`);
  const sentence = remove
    ? `The lifecycle rule is removed, and the server shows it so: ${path}`
    : `The lifecycle rule is applied, and the server shows it. It deletes everything there until you remove it: ${path}`;
  void parts.dialogs.notify('info', sentence);
}
