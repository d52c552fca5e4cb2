import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CredentialForms } from '../../src/form/credentialForms.ts';
import { fakeDependencies, saved } from '../unit/form/support/fakes.ts';
import { missing, Pages } from './support/formPage.ts';
import { type ThemeName, themes } from './support/themes.ts';

if (missing) console.warn(`Skipped: ${missing}`);

describe.skipIf(missing)('the specimen form in every theme', () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterAll(() => pages?.stop());

  test.each(Object.keys(themes) as ThemeName[])('%s', async (theme) => {
    const { dependencies, credentials } = fakeDependencies();
    credentials.set('one', saved);
    const tab = await pages.open({ theme, height: 1900 });
    await new CredentialForms(() => tab, dependencies).edit('one');
    await tab.show();
    const { page } = tab;
    await tab.picture(`${theme}-saved`);

    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    await expect.poll(() => page.getByRole('status').textContent()).toBe('The server answers.');
    await tab.picture(`${theme}-verified`);
    await page.getByRole('button', { name: 'Fetch List: Drive' }).click();
    await page.getByRole('button', { name: 'Choose File: CA bundle' }).click();
    await page.getByText('Advanced').click();
    await tab.labelled('Access Key ID').fill('KEY');
    await tab.labelled('Secret Access Key').fill('something else');
    await page.getByRole('button', { name: 'Clear: Session token' }).click();
    await tab.labelled('Maximum Upload Parts').fill('0');
    await tab.labelled('Region').focus();
    await page.getByRole('checkbox', { name: 'Secure host' }).focus();
    await page.keyboard.press('Space');
    await page.getByText('Enter a whole number').waitFor();
    credentials.set('one', { ...saved, revision: 'r2' });
    await tab.labelled('Maximum Upload Parts').fill('7');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await tab.labelled('Maximum Upload Parts').fill('0');
    await tab.labelled('Region').focus();
    await page.getByText('Enter a whole number').waitFor();
    await page.getByRole('combobox', { name: 'Service' }).click();
    await page.getByRole('option', { name: 'Hosted service' }).waitFor();
    await tab.delivered();
    await tab.picture(`${theme}-edited`);
    expect(tab.problems).toEqual([]);
    await tab.end();
  });
});
