import type { Issue } from '../core/drafts.ts';
import type { Field } from '../core/fields.ts';
import type { Provider } from '../core/provider.ts';
import { holdsValue, isRequired, isShown } from '../core/settings.ts';
import { type FormDraft, isDirty, mementoOf } from './draft.ts';
import { type Examined, examine, secretState, visibleIssues } from './examine.ts';
import type { Drawn } from './pageFeed.ts';
import type { Progress } from './progress.ts';
import { type FieldView, nameField, providerField } from './protocol.ts';

/** Draws a draft as the page shows it, without a single secret in it. */
export function drawState(draft: FormDraft, progress: Progress, providers: readonly Provider[]): Drawn {
  const { provider, saved } = draft;
  const examined = examine(draft);
  const issues = visibleIssues(draft, examined.issues);
  const warning = examined.issues.some(({ severity }) => severity === 'error')
    ? undefined
    : provider.warn(examined.settings);
  const { verification, conflict, failure, saving } = progress;
  return {
    type: 'state',
    title: saved ? 'Edit Credential' : 'Add Credential',
    provider: provider.id,
    fields: [
      providerView(provider, providers),
      nameView(draft, issues),
      ...Object.entries(provider.fields).map(([name, field]) =>
        fieldView(name, field, draft, examined, issues, progress),
      ),
    ],
    ...(warning === undefined ? {} : { warning }),
    ...(conflict === undefined ? {} : { conflict }),
    ...(failure === undefined ? {} : { failure }),
    ...(verification === undefined ? {} : { verification }),
    busy: saving,
    dirty: isDirty(draft),
    memento: mementoOf(draft),
  };
}

function providerView(provider: Provider, providers: readonly Provider[]): FieldView {
  return {
    ...formField(providerField, 'Provider'),
    kind: 'choice',
    choices: providers.map(({ id, label }) => ({ value: id, label })),
    value: provider.id,
  };
}

function nameView(draft: FormDraft, issues: readonly Issue[]): FieldView {
  return {
    ...formField(nameField, 'Name'),
    kind: 'text',
    help: 'What this credential is called in the list.',
    value: draft.name,
    ...sentences(nameField, issues),
  };
}

function formField(name: string, label: string) {
  return { name, label, required: true, advanced: false, shown: true, busy: false };
}

function fieldView(
  name: string,
  field: Field,
  draft: FormDraft,
  examined: Examined,
  issues: readonly Issue[],
  progress: Progress,
): FieldView {
  const { kind, label, help, placeholder, advanced = false, href, choices = progress.choices[name] } = field;
  const { fields } = draft.provider;
  const filled = { ...draft.values, ...draft.entered };
  const preview = filePreview(name, field, draft, progress);
  const failure = progress.fieldErrors[name];
  return {
    name,
    kind,
    label,
    required: isRequired(fields, name, filled),
    advanced,
    shown: isShown(fields, name, filled),
    busy: progress.busyFields.includes(name),
    ...(help === undefined ? {} : { help }),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(href === undefined ? {} : { href }),
    ...(choices === undefined ? {} : { choices: choices.map(({ value, label }) => ({ value, label })) }),
    ...(preview === undefined ? {} : { preview }),
    ...(field.secret ? { secret: secretState(draft, examined.kept, name) } : shownValue(name, field, draft)),
    ...sentences(name, issues),
    ...(failure === undefined ? {} : { error: failure }),
  };
}

function shownValue(name: string, field: Field, draft: FormDraft): Pick<FieldView, 'value'> {
  return holdsValue(field) ? { value: draft.values[name] ?? (field.kind === 'toggle' ? false : '') } : {};
}

function filePreview(name: string, field: Field, draft: FormDraft, { fileNames }: Progress): string | undefined {
  const content = draft.entered[name] ?? draft.values[name];
  if (field.kind !== 'file' || typeof content !== 'string' || content === '') return undefined;
  const parts = [fileNames[name], field.preview?.(content)].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : parts.join(': ');
}

function sentences(field: string, issues: readonly Issue[]): Pick<FieldView, 'error' | 'hint'> {
  const first = (severity: Issue['severity']) =>
    issues.find((issue) => issue.field === field && issue.severity === severity)?.sentence;
  const error = first('error');
  const hint = first('hint');
  return { ...(error === undefined ? {} : { error }), ...(hint === undefined ? {} : { hint }) };
}
