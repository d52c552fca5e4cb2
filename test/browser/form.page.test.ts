import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StorageError } from '../../src/core/errors.ts';
import { CredentialForms } from '../../src/form/credentialForms.ts';
import { fakeDependencies, saved, storedSecret, typedSecret } from '../unit/form/support/fakes.ts';
import { hostile, markup, specimen } from '../unit/form/support/specimen.ts';
import { missing, type OpenPage, Pages } from './support/formPage.ts';

if (missing) console.warn(`Skipped: ${missing}`);

describe.skipIf(missing)('the page of the form', () => {
  let pages: Pages;
  let tab: OpenPage;
  let fake: ReturnType<typeof fakeDependencies>;
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterAll(() => pages?.stop());
  beforeEach(async () => {
    fake = fakeDependencies();
    fake.credentials.set('one', saved);
    tab = await pages.open();
  });
  afterEach(async () => {
    expect(tab.problems).toEqual([]);
    await tab.end();
  });

  async function edit(operations: Partial<typeof fake.dependencies.operations> = {}): Promise<void> {
    const all = { ...fake.dependencies.operations, ...operations };
    await new CredentialForms(() => tab, { ...fake.dependencies, operations: all }).edit('one');
    await tab.show();
  }

  test('names every control by its label and role', async () => {
    await edit();
    const { page } = tab;
    await page.locator('details.advanced > summary').click();
    for (const name of [
      'Name',
      'Endpoint URL',
      'Access Key ID',
      'Drive',
      'Maximum Upload Parts',
      'Private key',
      'Notes',
    ]) {
      expect({ name, count: await page.getByRole('textbox', { name, exact: true }).count() }).toEqual({
        name,
        count: 1,
      });
    }
    for (const name of ['Secret Access Key', 'Session token', 'Passphrase']) {
      expect({ name, count: await tab.labelled(name).count() }).toEqual({ name, count: 1 });
    }
    for (const name of ['Provider', 'Service']) await page.getByRole('combobox', { name, exact: true }).waitFor();
    for (const name of ['Secure host', 'Verify SSL certificate']) await page.getByRole('checkbox', { name }).waitFor();
    for (const name of ['Generate Key', 'Save', 'Verify', 'Cancel'])
      await page.getByRole('button', { name, exact: true }).waitFor();
    await page.getByRole('link', { name: 'Create an account' }).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Edit Credential' }).waitFor();
  });

  test('tells a screen reader of help, errors and what is required', async () => {
    await edit();
    expect(await tab.described('Endpoint URL')).toBe('Where the server answers.');
    expect(await tab.described('Secret Access Key')).toContain('Stored. Leave blank to keep it.');
    expect(await tab.described('Service')).toBe('Fills in the endpoint.');
    expect(await tab.described('Secure host')).toBe('Talks to the server through TLS.');
    await tab.labelled('Endpoint URL').fill('nothing');
    await tab.labelled('Endpoint URL').blur();
    await expect
      .poll(() => tab.described('Endpoint URL'))
      .toBe('Enter a URL like https://storage.example. Where the server answers.');
    const node = await tab.accessible('Endpoint URL');
    expect(node).toMatchObject({ invalid: 'true', required: true });
  });

  test('keeps what is typed, and the caret, while older states come in', async () => {
    await edit();
    tab.delay = 120;
    const field = tab.labelled('Access Key ID');
    await field.fill('');
    await field.pressSequentially('ABCDEFGHIJ', { delay: 15 });
    await tab.page.keyboard.press('ArrowLeft');
    await tab.page.keyboard.press('ArrowLeft');
    await tab.page.keyboard.type('xy');
    tab.delay = 0;
    await expect.poll(() => tab.field('keyId').value).toBe('ABCDEFGHxyIJ');
    await tab.delivered();
    expect(await field.inputValue()).toBe('ABCDEFGHxyIJ');
    await tab.page.keyboard.type('z');
    await expect.poll(() => tab.field('keyId').value).toBe('ABCDEFGHxyzIJ');
  });

  test('shows a typed secret masked, sends it once and gets it back never', async () => {
    await edit();
    const field = tab.labelled('Secret Access Key');
    expect(await field.getAttribute('placeholder')).toBe('•••••••• stored');
    await field.fill(typedSecret);
    await tab.page.getByText('Entered, not saved.').waitFor();
    expect(await field.getAttribute('type')).toBe('password');
    await tab.page.getByRole('button', { name: 'Show: Secret Access Key' }).click();
    expect(await field.getAttribute('type')).toBe('text');
    await tab.page.getByRole('button', { name: 'Verify', exact: true }).click();
    await expect.poll(() => tab.state.verification?.running).toBe(false);
    tab.hide();
    await tab.show();
    const again = tab.labelled('Secret Access Key');
    expect(await again.inputValue()).toBe('');
    expect(await again.getAttribute('placeholder')).toBe('•••••••• entered, not saved');
    const posted = JSON.stringify(tab.states);
    for (const secret of [typedSecret, storedSecret]) expect(posted).not.toContain(secret);
    expect(JSON.stringify(await tab.kept())).not.toContain(typedSecret);
  });

  test('drops a secret that is discarded', async () => {
    await edit();
    const field = tab.labelled('Session token');
    await field.fill(typedSecret);
    await tab.page.getByText('Entered, not saved.').waitFor();
    await tab.page.getByRole('button', { name: 'Discard: Session token' }).click();
    await expect.poll(() => field.inputValue()).toBe('');
    expect(tab.field('token').secret).toBe('stored');
  });

  test('asks for the secret again when the host changes', async () => {
    await edit();
    await tab.labelled('Endpoint URL').fill('https://elsewhere.example');
    await tab.page.getByText('The host changed: enter the secret again.').first().waitFor();
    await tab.page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(() => tab.focused()).toBe('Secret Access Key');
    expect(fake.saves).toEqual([]);
    await tab.picture('host-changed');
  });

  test('shows a verification as it comes, and opened details stay open', async () => {
    let goOn = () => {};
    await edit({
      async *verify() {
        yield { stage: 'reach', status: 'ok', sentence: 'The server answers.', ms: 12, detail: 'HTTP 403' };
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        yield { stage: 'tls', status: 'ok', sentence: 'The certificate is trusted.', ms: 34 };
        throw new StorageError('unauthenticated', 'The server does not know this key.', {
          hint: 'Check the Access Key ID.',
          detail: '<Error><Code>InvalidAccessKeyId</Code></Error>',
        });
      },
    });
    const { page } = tab;
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await page.getByText('Details').click();
    await page.getByText('HTTP 403').waitFor();
    goOn();
    await page.getByText('Check the Access Key ID.').waitFor();
    expect(await page.getByText('HTTP 403').isVisible()).toBe(true);
    await page.getByText('Details').last().click();
    await page.getByText('<Error><Code>InvalidAccessKeyId</Code></Error>').waitFor();
    expect(await page.getByRole('status').textContent()).toBe('The server does not know this key.');
    expect(await page.getByRole('listitem').count()).toBe(5);
    await tab.picture('verification');
    await tab.labelled('Notes').fill('x');
    await expect.poll(() => page.getByRole('status').textContent()).toBe('Changed since the verification.');
  });

  test('fetches choices, runs actions, reads files and opens links', async () => {
    await edit();
    const { page } = tab;
    await page.getByRole('button', { name: 'Fetch List: Drive' }).click();
    await page.getByRole('combobox', { name: 'Fetched: Drive' }).click();
    await page.getByRole('option', { name: 'First drive' }).click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Drive', exact: true }).inputValue()).toBe('drive-1');
    await page.getByRole('button', { name: 'Generate Key' }).click();
    await expect.poll(() => tab.labelled('Access Key ID').inputValue()).toBe('GENERATED1');
    await page.getByRole('button', { name: 'Choose File: CA bundle' }).click();
    await page.getByText('chosen.pem: Certificates: 1').waitFor();
    await page.getByRole('link', { name: 'Create an account' }).click();
    await expect.poll(() => fake.opened).toEqual(['https://storage.example/sign-up']);
  });

  test('hides what does not apply and warns of what is less than safe', async () => {
    await edit();
    const { page } = tab;
    await page.getByRole('checkbox', { name: 'Secure host' }).focus();
    await page.keyboard.press('Space');
    await page.getByText('The connection is not encrypted.').waitFor();
    expect(await page.getByRole('checkbox', { name: 'Verify SSL certificate' }).count()).toBe(0);
  });

  test('offers a way out when the credential was changed elsewhere', async () => {
    await edit();
    fake.credentials.set('one', { ...saved, revision: 'r2', settings: { ...saved.settings, keyId: 'THEIRS' } });
    await tab.labelled('Access Key ID').fill('MINE1');
    await tab.page.getByRole('button', { name: 'Save', exact: true }).click();
    await tab.page.getByRole('alert').getByText('changed in another window').waitFor();
    await tab.picture('conflict');
    await tab.page.getByRole('button', { name: 'Discard Mine' }).click();
    await expect.poll(() => tab.labelled('Access Key ID').inputValue()).toBe('THEIRS');
    expect(await tab.page.getByRole('alert').isVisible()).toBe(false);
  });

  test.each([300, 420])('needs no sideways scrolling at %i pixels', async (width) => {
    await tab.page.setViewportSize({ width, height: 800 });
    await edit();
    await tab.page.getByRole('button', { name: 'Save', exact: true }).waitFor();
    await tab.labelled('Endpoint URL').fill('nothing-that-is-a-url-and-quite-long-too-without-any-space-in-it');
    await tab.page.getByRole('button', { name: 'Verify', exact: true }).click();
    await tab.page.getByRole('status').getByText('need attention').waitFor();
    const overflow = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await tab.picture(`narrow-${width}`);
  });

  test('shows markup as text, wherever it comes from, and runs none of it', async () => {
    fake = fakeDependencies([hostile, specimen]);
    const operations: typeof fake.dependencies.operations = {
      async *verify() {
        yield {
          stage: 'reach',
          status: 'ok',
          sentence: `Sentence ${markup}`,
          hint: `Hint ${markup}`,
          detail: markup,
          ms: 1,
        };
      },
      fetchChoices: async () => [{ value: markup, label: `Fetched ${markup}` }],
      runAction: () => Promise.reject(new StorageError('forbidden', `Failed ${markup}`)),
    };
    await new CredentialForms(() => tab, { ...fake.dependencies, operations }).add();
    await tab.show();
    const { page } = tab;
    await page.getByRole('button', { name: `Go ${markup}` }).click();
    await page.getByRole('button', { name: `Fetch List: Drive ${markup}` }).click();
    await page.getByRole('combobox', { name: `Fetched: Drive ${markup}` }).click();
    await page.getByRole('option', { name: `Fetched ${markup}` }).click();
    await tab.labelled(`Token ${markup}`).fill('token');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    for (const word of ['Host', 'Help', 'Refused', 'Kind', 'Token', 'Failed', 'Hint']) {
      await page.getByText(`${word} ${markup}`).first().waitFor();
    }
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    await tab.picture('markup');
  });

  test('runs no script but its own', async () => {
    await edit();
    await tab.page.evaluate((html) => {
      document.body.insertAdjacentHTML('beforeend', html);
      const script = document.createElement('script');
      script.textContent = 'window.hacked = 1';
      document.body.append(script);
    }, markup);
    await expect.poll(() => tab.problems.length).toBeGreaterThan(0);
    expect(await tab.page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(tab.problems.join('\n')).toContain('Content Security Policy');
    tab.problems.length = 0;
  });

  test('draws nothing from a message that is no state', async () => {
    await edit();
    const before = await tab.page.locator('main').innerText();
    await tab.page.evaluate(() => {
      for (const data of [null, 'state', { type: 'state' }, { type: 'state', sequence: 99, fields: '<b>x</b>' }]) {
        window.postMessage(data, '*');
      }
    });
    await expect.poll(() => tab.problems.length).toBe(4);
    expect(await tab.page.locator('main').innerText()).toBe(before);
    tab.problems.length = 0;
  });
});
