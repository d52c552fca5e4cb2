import { describe, expect, test } from 'vitest';
import * as drafts from '../../../src/form/draft.ts';
import { examine, secretState, visibleIssues } from '../../../src/form/examine.ts';
import { nameField } from '../../../src/form/protocol.ts';
import { saved, storedSecret, typedSecret } from './support/fakes.ts';
import { other, specimen } from './support/specimen.ts';

const fresh = () => drafts.newDraft(specimen, 'Specimen');
const edited = () => drafts.draftOf(saved, specimen);
const errorsOf = (draft: drafts.FormDraft) =>
  Object.fromEntries(
    examine(draft)
      .issues.filter(({ severity }) => severity === 'error')
      .map(({ field, sentence }) => [field, sentence]),
  );
const visibleOf = (draft: drafts.FormDraft) => visibleIssues(draft, examine(draft).issues).map(({ field }) => field);

describe('a new draft', () => {
  test('starts with the defaults of its fields, is not dirty and shows no error', () => {
    expect(fresh().values).toMatchObject({ service: 'own', secureHost: true, parts: 10_000 });
    expect(drafts.isDirty(fresh())).toBe(false);
    expect(visibleOf(fresh())).toEqual([]);
    expect(Object.keys(errorsOf(fresh()))).toEqual(['endpoint', 'keyId', 'secretKey']);
  });

  test('takes over given values, but no secret and nothing unknown', () => {
    const draft = drafts.newDraft(specimen, 'Copy', { keyId: 'KEY12345', secretKey: storedSecret, toString: 'x' });
    expect(draft.values).toMatchObject({ keyId: 'KEY12345' });
    expect(JSON.stringify(draft)).not.toContain(storedSecret);
    expect(Object.hasOwn(draft.values, 'toString')).toBe(false);
    expect(drafts.isDirty(draft)).toBe(true);
  });

  test('is saved without hidden fields', () => {
    let draft = fresh();
    for (const [field, value] of [
      ['endpoint', ' https://a.example '],
      ['keyId', 'KEY12345'],
      ['secretKey', typedSecret],
      ['verifyCertificate', false],
      ['secureHost', false],
    ] as const) {
      draft = drafts.withFieldValue(draft, field, value);
    }
    const request = drafts.saveRequest(draft, examine(draft));
    expect(request).toEqual({
      provider: 'specimen',
      name: 'Specimen',
      settings: { service: 'own', endpoint: 'https://a.example', keyId: 'KEY12345', secureHost: false, parts: 10_000 },
      secrets: { secretKey: typedSecret },
      keep: [],
    });
  });
});

describe('a field', () => {
  test('fills in others', () => {
    const draft = drafts.withFieldValue(fresh(), 'service', 'hosted');
    expect(draft.values.endpoint).toBe('https://hosted.example');
  });

  test('shows what is wrong only when it is left', () => {
    const typing = drafts.withFieldValue(fresh(), 'endpoint', 'storage');
    expect(visibleOf(typing)).toEqual([]);
    expect(visibleOf(drafts.withLeft(typing, 'endpoint'))).toEqual(['endpoint']);
  });

  test('that shows an error goes on showing it until it is mended', () => {
    const wrong = drafts.withLeft(drafts.withFieldValue(fresh(), 'endpoint', 'storage'), 'endpoint');
    expect(visibleOf(drafts.withFieldValue(wrong, 'endpoint', 'storage.'))).toEqual(['endpoint']);
    const mended = drafts.withFieldValue(wrong, 'endpoint', 'https://a.example');
    expect(visibleOf(mended)).toEqual([]);
    expect(visibleOf(drafts.withFieldValue(mended, 'endpoint', 'a'))).toEqual([]);
  });

  test('that is empty is an error only once a save was tried', () => {
    expect(visibleOf(drafts.withLeft(fresh(), 'keyId'))).toEqual([]);
    expect(visibleOf(drafts.withTried(fresh()))).toEqual(['endpoint', 'keyId', 'secretKey']);
  });

  test('has hints that are no errors', () => {
    const draft = drafts.withLeft(drafts.withFieldValue(fresh(), 'keyId', 'KEY'), 'keyId');
    expect(examine(draft).issues).toContainEqual({
      field: 'keyId',
      severity: 'hint',
      sentence: 'Access keys usually have 5 to 20 characters.',
    });
    expect(visibleOf(draft)).toEqual(['keyId']);
  });

  test('is checked against others only when each is right by itself', () => {
    const draft = drafts.withFieldValue(edited(), 'drive', 'https://storage.example');
    expect(errorsOf(draft)).toEqual({ drive: 'A drive is not called like its server.' });
    expect(errorsOf(drafts.withFieldValue(draft, 'keyId', ''))).toEqual({ keyId: 'Enter a value: Access Key ID' });
  });
});

describe('the name', () => {
  test('follows the provider until it is edited', () => {
    const draft = drafts.withProvider(fresh(), other);
    expect(drafts.withProposedName(draft, 'Other Storage').name).toBe('Other Storage');
    const named = drafts.withName(draft, 'Mine');
    expect(drafts.withProposedName(named, 'Specimen').name).toBe('Mine');
  });

  test('is required, of limited length, and not in use', () => {
    expect(errorsOf(drafts.withName(edited(), '  '))).toEqual({ [nameField]: 'Enter a name.' });
    expect(errorsOf(drafts.withName(edited(), 'x'.repeat(101)))[nameField]).toContain('at most 100');
    const taken = drafts.withNameChecked(drafts.withName(edited(), 'Yours '), 'Yours', true);
    expect(errorsOf(taken)).toEqual({ [nameField]: 'Choose another name. This one is in use: Yours' });
    expect(errorsOf(drafts.withName(taken, 'Yours 2'))).toEqual({});
    expect(errorsOf(drafts.withNameChecked(taken, 'Yours', false))).toEqual({});
  });
});

describe('stored secrets', () => {
  test('stay when they are left blank', () => {
    const request = drafts.saveRequest(edited(), examine(edited()));
    expect(request).toMatchObject({ secrets: {}, keep: ['secretKey', 'token'] });
    expect(request.basedOn).toEqual({ id: 'one', revision: 'r1' });
    expect(drafts.isDirty(edited())).toBe(false);
  });

  test('are replaced by what is entered, and come back when that is emptied', () => {
    const replaced = drafts.withFieldValue(edited(), 'secretKey', typedSecret);
    expect(drafts.saveRequest(replaced, examine(replaced))).toMatchObject({
      secrets: { secretKey: typedSecret },
      keep: ['token'],
    });
    const emptied = drafts.withFieldValue(replaced, 'secretKey', '');
    expect(examine(emptied).kept).toEqual(['secretKey', 'token']);
    expect(drafts.isDirty(emptied)).toBe(false);
  });

  test('are cleared only when asked to, and a required one is then missing', () => {
    const cleared = drafts.withoutSecret(edited(), 'token');
    expect(drafts.saveRequest(cleared, examine(cleared))).toMatchObject({
      keep: ['secretKey'],
    });
    expect(secretState(cleared, [], 'token')).toBe('cleared');
    expect(drafts.isDirty(cleared)).toBe(true);
    expect(drafts.withStoredSecret(cleared, 'token').cleared).toEqual([]);
    expect(errorsOf(drafts.withoutSecret(edited(), 'secretKey'))).toEqual({
      secretKey: 'Enter a value: Secret Access Key',
    });
  });

  test('are not used for another host: every one must be entered or cleared', () => {
    const moved = drafts.withFieldValue(edited(), 'endpoint', 'https://elsewhere.example');
    const sentence = 'The host changed: enter the secret again.';
    expect(examine(moved).kept).toEqual([]);
    expect(errorsOf(moved)).toEqual({ secretKey: sentence, token: sentence });
    expect(visibleOf(moved)).toEqual(['secretKey', 'token']);
    const mended = drafts.withoutSecret(drafts.withFieldValue(moved, 'secretKey', typedSecret), 'token');
    expect(errorsOf(mended)).toEqual({});
    expect(drafts.saveRequest(mended, examine(mended))).toMatchObject({
      secrets: { secretKey: typedSecret },
      keep: [],
    });
    const back = drafts.withFieldValue(moved, 'endpoint', 'https://storage.example');
    expect(examine(back).kept).toEqual(['secretKey', 'token']);
  });

  test('that are lost must be entered again', () => {
    const locked = drafts.draftOf({ ...saved, lostSecrets: ['secretKey', 'token'] }, specimen);
    expect(errorsOf(locked)).toEqual({
      secretKey: "The stored secret can't be read: enter it again.",
      token: "The stored secret can't be read: enter it again.",
    });
    expect(examine(locked).kept).toEqual([]);
  });

  test('are not kept for another provider', () => {
    expect(examine(drafts.withProvider(edited(), other)).kept).toEqual([]);
  });
});

describe('another provider', () => {
  test('gets the values of fields of the same name and kind, and no secret', () => {
    let draft = drafts.withFieldValue(fresh(), 'endpoint', 'https://a.example');
    draft = drafts.withFieldValue(draft, 'keyId', 'KEY12345');
    draft = drafts.withFieldValue(draft, 'secretKey', typedSecret);
    draft = drafts.withFieldValue(draft, 'notes', 'mine');
    const switched = drafts.withProvider(draft, other);
    expect(switched.values).toEqual({ endpoint: 'https://a.example', notes: 'mine' });
    expect(switched.entered).toEqual({});
  });

  test('loses nothing: coming back finds all of it', () => {
    let draft = drafts.withFieldValue(fresh(), 'keyId', 'KEY12345');
    draft = drafts.withFieldValue(draft, 'secretKey', typedSecret);
    const back = drafts.withProvider(drafts.withProvider(draft, other), specimen);
    expect(back.values).toEqual(draft.values);
    expect(back.entered).toEqual(draft.entered);
  });
});

describe('a memento', () => {
  test('holds no secret and brings back the rest', () => {
    let draft = drafts.withFieldValue(edited(), 'keyId', 'KEY99999');
    draft = drafts.withFieldValue(draft, 'secretKey', typedSecret);
    draft = drafts.withoutSecret(draft, 'token');
    const memento = drafts.mementoOf(draft);
    expect(JSON.stringify(memento)).not.toContain(typedSecret);
    const back = drafts.restoredDraft(memento, specimen, saved);
    expect(back).toMatchObject({ name: 'My Server', cleared: ['token'], entered: {}, values: { keyId: 'KEY99999' } });
  });

  test('keeps the names of secrets alone: each is asked for until it is entered or let go', () => {
    const typed = drafts.withFieldValue(drafts.withFieldValue(edited(), 'secretKey', typedSecret), 'token', 'token');
    const once = drafts.restoredDraft(drafts.mementoOf(typed), specimen, saved);
    const back = drafts.restoredDraft(drafts.mementoOf(once), specimen, saved);
    const hint = { severity: 'hint', sentence: 'Enter it again: it was not saved.' };
    const told = (draft: drafts.FormDraft) => visibleIssues(draft, examine(draft).issues);
    expect(told(back)).toEqual([
      { field: 'secretKey', ...hint },
      { field: 'token', ...hint },
    ]);
    expect(told(drafts.withoutSecret(drafts.withFieldValue(back, 'secretKey', typedSecret), 'token'))).toEqual([]);
    expect(drafts.isDirty(back)).toBe(false);
    const fromNew = drafts.withFieldValue(fresh(), 'secretKey', typedSecret);
    expect(told(drafts.restoredDraft(drafts.mementoOf(fromNew), specimen))).toEqual([{ field: 'secretKey', ...hint }]);
  });

  test('that says the same as the newest revision is a draft of that', () => {
    const back = drafts.restoredDraft(drafts.mementoOf(edited()), specimen, { ...saved, revision: 'r2' });
    expect(back.saved?.revision).toBe('r2');
    expect(drafts.isDirty(back)).toBe(false);
  });

  test('that says something else keeps its revision, so that a save notices a change', () => {
    const mine = drafts.withFieldValue(edited(), 'keyId', 'KEY99999');
    const back = drafts.restoredDraft(drafts.mementoOf(mine), specimen, { ...saved, revision: 'r2' });
    expect(drafts.saveRequest(back, examine(back)).basedOn).toEqual({ id: 'one', revision: 'r1' });
  });

  test('leaves out what a field refuses: the saved value comes back', () => {
    const wrong = drafts.withFieldValue(edited(), 'endpoint', 'https://user:pass@storage.example/x');
    const emptied = drafts.withFieldValue(drafts.withFieldValue(wrong, 'keyId', ''), 'parts', 'many');
    const memento = drafts.mementoOf(emptied);
    expect(JSON.stringify(memento)).not.toContain('pass@');
    const { values } = drafts.restoredDraft(memento, specimen, saved);
    expect(values).toMatchObject({ endpoint: 'https://storage.example', keyId: '', parts: 10_000 });
    expect(drafts.restoredDraft(memento, specimen).values).not.toHaveProperty('endpoint');
  });

  test('of a credential that is gone becomes a new one', () => {
    const back = drafts.restoredDraft(drafts.mementoOf(edited()), specimen);
    expect(drafts.saveRequest(back, examine(back))).not.toHaveProperty('basedOn');
  });
});

describe('a draft based anew', () => {
  test('is saved over the newest revision with what was entered here', () => {
    const mine = drafts.withFieldValue(edited(), 'keyId', 'KEY99999');
    const rebased = drafts.rebased(mine, {
      ...saved,
      revision: 'r2',
      settings: { ...saved.settings, keyId: 'THEIRS' },
    });
    expect(drafts.saveRequest(rebased, examine(rebased))).toMatchObject({
      settings: { keyId: 'KEY99999' },
      keep: ['secretKey', 'token'],
      basedOn: { id: 'one', revision: 'r2' },
    });
  });

  test('asks for the secret again when the credential is gone', () => {
    expect(errorsOf(drafts.rebased(edited(), undefined))).toEqual({ secretKey: 'Enter a value: Secret Access Key' });
  });
});
