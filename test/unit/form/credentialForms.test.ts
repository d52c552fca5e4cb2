import { beforeEach, describe, expect, test } from 'vitest';
import { CredentialForms } from '../../../src/form/credentialForms.ts';
import { nameField, providerField } from '../../../src/form/protocol.ts';
import { FakePanel, fakeDependencies, saved, settled, typedSecret } from './support/fakes.ts';

let fake: ReturnType<typeof fakeDependencies>;
let panels: FakePanel[];
let forms: CredentialForms;

beforeEach(() => {
  fake = fakeDependencies();
  fake.credentials.set('one', saved);
  panels = [];
  forms = new CredentialForms(() => {
    const panel = new FakePanel();
    panels.push(panel);
    return panel;
  }, fake.dependencies);
});

const panel = (index = 0) => {
  const found = panels[index];
  if (!found) throw new Error(`There is no panel: ${index}`);
  return found;
};

describe('panels', () => {
  test('there is one for each credential and one for a new one', async () => {
    fake.credentials.set('two', { ...saved, id: 'two', name: 'Second' });
    await forms.edit('one');
    await forms.edit('two');
    await forms.edit('one');
    await forms.add();
    await forms.add();
    expect(panels.map(({ title }) => title)).toEqual(['My Server', 'Second', 'Add Credential']);
    expect(panels.map(({ revealed }) => revealed)).toEqual([1, 0, 1]);
    expect(panels.map(({ loaded }) => loaded)).toEqual([1, 1, 1]);
  });

  test('a second Add chooses the provider only where nothing was filled in', async () => {
    await forms.add();
    await forms.add({ provider: 'other' });
    await panel().ask({ type: 'ready' });
    expect(panel().field(providerField).value).toBe('other');
    await panel().ask({ type: 'change', field: 'endpoint', value: 'mine' });
    await forms.add({ provider: 'specimen' });
    await settled();
    expect(panel().field(providerField).value).toBe('other');
  });

  test('a credential that is gone opens nothing', async () => {
    await forms.edit('nothing');
    expect(panels).toEqual([]);
    expect(fake.calls).toEqual(['showError This credential is gone.']);
  });
});

describe('closing', () => {
  test('without unsaved changes asks nothing', async () => {
    await forms.edit('one');
    panel().close();
    expect(fake.offers).toEqual([]);
    await forms.edit('one');
    expect(panels).toHaveLength(2);
  });

  test('with unsaved changes offers to reopen with all of them', async () => {
    await forms.edit('one');
    await panel().ask(
      { type: 'ready' },
      { type: 'change', field: 'secretKey', value: typedSecret },
      { type: 'change', field: 'keyId', value: 'KEY99999' },
    );
    await panel().ask({ type: 'close' });
    expect(fake.offers.map(({ sentence }) => sentence)).toEqual(['The credential was not saved: My Server']);
    fake.offers[0]?.answer(true);
    await settled();
    await panel(1).ask({ type: 'ready' });
    expect(panel(1).field('keyId').value).toBe('KEY99999');
    expect(panel(1).field('secretKey').secret).toBe('entered');
  });

  test('reopens in the form that was opened meanwhile', async () => {
    await forms.edit('one');
    await panel().ask({ type: 'ready' }, { type: 'change', field: 'secretKey', value: typedSecret });
    await panel().ask({ type: 'close' });
    await forms.edit('one');
    await panel(1).ask({ type: 'ready' });
    fake.offers[0]?.answer(true);
    await settled();
    expect(panels).toHaveLength(2);
    expect(panel(1).field('secretKey').secret).toBe('entered');
  });

  test('the offer stands while another form of the credential holds changes', async () => {
    await forms.edit('one');
    await panel().ask({ type: 'ready' }, { type: 'change', field: 'keyId', value: 'FIRST' });
    await panel().ask({ type: 'close' });
    await forms.edit('one');
    await panel(1).ask({ type: 'ready' }, { type: 'change', field: 'keyId', value: 'SECOND' });
    fake.offers[0]?.answer(true);
    await settled();
    expect(panel(1).field('keyId').value).toBe('SECOND');
    expect(fake.offers).toHaveLength(2);
    panel(1).close();
    fake.offers[1]?.answer(true);
    await settled();
    await panel(2).ask({ type: 'ready' });
    expect(panel(2).field('keyId').value).toBe('FIRST');
  });

  test('while it is being saved says nothing before the save has failed', async () => {
    const keyring = Promise.withResolvers<void>();
    const { save } = fake.dependencies.credentials;
    fake.dependencies.credentials.save = async (request) => {
      await keyring.promise;
      await save(request);
    };
    await forms.edit('one');
    await panel().ask({ type: 'ready' }, { type: 'change', field: 'keyId', value: 'KEY99999' }, { type: 'save' });
    panel().close();
    await settled();
    expect(fake.offers).toEqual([]);
    fake.credentials.set('one', { ...saved, revision: 'another' });
    keyring.resolve();
    await settled();
    expect(fake.offers).toHaveLength(1);
  });

  test('while it is being saved says nothing at all when the save succeeds', async () => {
    await forms.edit('one');
    await panel().ask({ type: 'ready' }, { type: 'change', field: 'keyId', value: 'KEY99999' });
    panel().send({ type: 'save', id: 99 });
    panel().close();
    await settled();
    expect(fake.saves).toHaveLength(1);
    expect(fake.offers).toEqual([]);
  });

  test('and not reopening forgets them', async () => {
    await forms.add();
    await panel().ask({ type: 'ready' }, { type: 'change', field: nameField, value: 'Half' });
    await panel().ask({ type: 'close' });
    fake.offers[0]?.answer(false);
    await settled();
    await forms.add();
    await panel(1).ask({ type: 'ready' });
    expect(panel(1).field(nameField).value).toBe('Specimen');
  });
});

describe('a window that is reloaded', () => {
  test('brings back everything but unsaved secrets', async () => {
    await forms.edit('one');
    await panel().ask(
      { type: 'ready' },
      { type: 'change', field: 'secretKey', value: typedSecret },
      { type: 'change', field: 'keyId', value: 'KEY99999' },
    );
    const kept = structuredClone(panel().state.memento);
    expect(JSON.stringify(kept)).not.toContain(typedSecret);
    const back = new FakePanel();
    await new CredentialForms(() => panel(), fake.dependencies).restore(back, kept);
    await back.ask({ type: 'ready' });
    expect(back.title).toBe('My Server');
    expect(back.field('keyId').value).toBe('KEY99999');
    expect(back.field('secretKey').secret).toBe('stored');
  });

  test.each([undefined, null, {}, { provider: 'nothing' }, 'x', { provider: 5 }])(
    'closes what makes no sense: %j',
    async (kept) => {
      const back = new FakePanel();
      await forms.restore(back, kept);
      expect(back.closed).toBe(true);
      expect(back.loaded).toBe(0);
    },
  );
});

describe('changes elsewhere', () => {
  test('are taken over where nothing was filled in, and only there', async () => {
    fake.credentials.set('two', { ...saved, id: 'two', name: 'Second' });
    await forms.edit('one');
    await forms.edit('two');
    await panel(0).ask({ type: 'ready' });
    await panel(1).ask({ type: 'ready' }, { type: 'change', field: 'keyId', value: 'MINE1' });
    for (const id of ['one', 'two']) {
      const settings = { ...saved.settings, keyId: 'THEIRS' };
      fake.credentials.set(id, { ...saved, id, name: `New ${id}`, revision: 'r2', settings });
    }
    await forms.refresh();
    await settled();
    expect(panel(0).field('keyId').value).toBe('THEIRS');
    expect(panel(0).title).toBe('New one');
    expect(panel(1).field('keyId').value).toBe('MINE1');
  });

  test('close the form of a credential that was removed', async () => {
    await forms.edit('one');
    fake.credentials.delete('one');
    await forms.refresh();
    expect(panel().closed).toBe(true);
    expect(fake.offers).toEqual([]);
  });
});
