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
    const tab = await pages.open({ theme, height: 1500 });
    const forms = new CredentialForms(() => tab, dependencies);
    await forms.edit('one');
    await tab.show();
    await tab.picture(`${theme}-saved`);
    expect(tab.problems).toEqual([]);
  });
});
