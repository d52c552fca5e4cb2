import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CredentialForms } from '../../src/form/credentialForms.ts';
import { fakeDependencies, saved, typedSecret } from '../unit/form/support/fakes.ts';
import { missing, type OpenPage, Pages } from './support/formPage.ts';

if (missing) console.warn(`Skipped: ${missing}`);

describe.skipIf(missing)('the form by keyboard alone', () => {
  let pages: Pages;
  let tab: OpenPage;
  let fake: ReturnType<typeof fakeDependencies>;
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterAll(() => pages?.stop());
  beforeEach(async () => {
    fake = fakeDependencies();
    tab = await pages.open();
  });
  afterEach(async () => {
    expect(tab.problems).toEqual([]);
    await tab.end();
  });

  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => tab.page.keyboard.press(key)), Promise.resolve());
  /** Goes on with Tab until the control of this name has the focus. */
  async function goTo(name: string): Promise<void> {
    for (let n = 0; n < 60; n++) {
      if ((await tab.focused()) === name) return;
      await press('Tab');
    }
    throw new Error(`Tab doesn't lead to: ${name}`);
  }

  test('a new credential is filled in and saved', async () => {
    await new CredentialForms(() => tab, fake.dependencies).add();
    await tab.show();
    await goTo('Service');
    await press('ArrowDown', 'ArrowDown', 'Enter');
    await expect.poll(() => tab.labelled('Endpoint URL').inputValue()).toBe('https://hosted.example');
    await goTo('Access Key ID');
    await tab.page.keyboard.type('KEY12345');
    await goTo('Secret Access Key');
    await tab.page.keyboard.type(typedSecret);
    await goTo('Secure host');
    await press('Space');
    await goTo('Advanced');
    await press('Enter');
    await goTo('Maximum Upload Parts');
    await press('ControlOrMeta+a');
    await tab.page.keyboard.type('500');
    await goTo('Save');
    await press('Enter');
    await expect
      .poll(() => fake.saves)
      .toEqual([
        {
          provider: 'specimen',
          name: 'Specimen',
          settings: {
            service: 'hosted',
            endpoint: 'https://hosted.example',
            keyId: 'KEY12345',
            secureHost: false,
            parts: 500,
          },
          secrets: { secretKey: typedSecret },
          keep: [],
        },
      ]);
    expect(tab.closed).toBe(true);
    expect(JSON.stringify(tab.states)).not.toContain(typedSecret);
  });

  test('Tab leads through every control in the order in which they stand, and back', async () => {
    fake.credentials.set('one', saved);
    await new CredentialForms(() => tab, fake.dependencies).edit('one');
    await tab.show();
    const names: string[] = [];
    for (let n = 0; n < 40 && names.at(-1) !== 'Cancel'; n++) {
      await press('Tab');
      names.push(await tab.focused());
    }
    expect(names).toEqual([
      'Provider',
      'Name',
      'Service',
      'Endpoint URL',
      'Access Key ID',
      'Secret Access Key',
      'Clear: Secret Access Key',
      'Session token',
      'Clear: Session token',
      'Drive',
      'Fetch List: Drive',
      'Take from Another',
      'Generate Key',
      'Private key',
      'Choose File: Private key',
      'CA bundle',
      'Choose File: CA bundle',
      'Notes',
      'Secure host',
      'Verify SSL certificate',
      'Create an account',
      'Advanced',
      'Save',
      'Verify',
      'Cancel',
    ]);
    await press('Shift+Tab');
    expect(await tab.focused()).toBe('Verify');
  });

  test('choosing another provider redraws the form and leaves the focus where it is', async () => {
    await new CredentialForms(() => tab, fake.dependencies).add();
    await tab.show();
    await goTo('Provider');
    await press('ArrowDown', 'ArrowDown', 'Enter');
    await tab.labelled('Server').waitFor();
    expect(await tab.focused()).toBe('Provider');
    expect(await tab.labelled('Endpoint URL').count()).toBe(0);
    expect(await tab.labelled('Name').inputValue()).toBe('Other Storage');
  });

  test('Ctrl+Enter saves from any field, and the first error gets the focus, in a closed section too', async () => {
    fake.credentials.set('one', saved);
    await new CredentialForms(() => tab, fake.dependencies).edit('one');
    await tab.show();
    await goTo('Advanced');
    await press('Enter');
    await goTo('Maximum Upload Parts');
    await press('ControlOrMeta+a');
    await tab.page.keyboard.type('many');
    await goTo('Verify');
    await tab.page.locator('details.advanced > summary').click();
    await tab.labelled('Notes').focus();
    await press('ControlOrMeta+Enter');
    await expect.poll(() => tab.focused()).toBe('Maximum Upload Parts');
    expect(await tab.described('Maximum Upload Parts')).toContain('Enter a whole number from 1 to 10000.');
    await press('ControlOrMeta+a');
    await tab.page.keyboard.type('20');
    await press('ControlOrMeta+Enter');
    await expect.poll(() => fake.saves.map(({ settings }) => settings.parts)).toEqual([20]);
  });

  test('in a select, Ctrl+Enter saves and does not open the list', async () => {
    await new CredentialForms(() => tab, fake.dependencies).add();
    await tab.show();
    await goTo('Service');
    await press('ControlOrMeta+Enter');
    await expect.poll(() => tab.focused()).toBe('Endpoint URL');
    expect(await tab.page.getByRole('option').count()).toBe(0);
  });

  test('in a select, a letter goes to the next choice that begins with it', async () => {
    await new CredentialForms(() => tab, fake.dependencies).add();
    await tab.show();
    await goTo('Service');
    await press('h');
    await expect.poll(() => tab.field('service').value).toBe('hosted');
    await press('o');
    await expect.poll(() => tab.field('service').value).toBe('own');
  });

  test('Escape stops a verification', async () => {
    fake.credentials.set('one', saved);
    const operations = {
      ...fake.dependencies.operations,
      async *verify(_draft: unknown, signal: AbortSignal) {
        yield { stage: 'reach', status: 'ok', sentence: 'The server answers.', ms: 5 } as const;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    };
    await new CredentialForms(() => tab, { ...fake.dependencies, operations }).edit('one');
    await tab.show();
    await goTo('Verify');
    await press('Enter');
    await tab.page.getByText('The server answers.').waitFor();
    expect(await tab.page.getByRole('status').textContent()).toBe('Verifying: Trust the connection…');
    await press('Escape');
    await expect.poll(() => tab.page.getByRole('status').textContent()).toBe('Cancelled.');
  });

  test('a stored secret is cleared and kept again without losing the place', async () => {
    fake.credentials.set('one', saved);
    await new CredentialForms(() => tab, fake.dependencies).edit('one');
    await tab.show();
    await goTo('Clear: Session token');
    await press('Enter');
    await tab.page.getByText('Will be removed when you save.').waitFor();
    expect(await tab.focused()).toBe('Session token');
    await goTo('Keep: Session token');
    await press('Enter');
    await expect.poll(() => tab.page.getByText('Will be removed when you save.').isVisible()).toBe(false);
    expect(await tab.focused()).toBe('Session token');
  });
});
