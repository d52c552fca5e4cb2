import type { FrameLocator, Locator } from 'playwright-core';

/** The form of a credential as a person fills it in: by what its labels say. */
export class Form {
  readonly #frame: FrameLocator;

  constructor(frame: FrameLocator) {
    this.#frame = frame;
  }

  get heading(): Locator {
    return this.#frame.getByRole('heading', { level: 1 });
  }

  /** What the last action came to, beside the buttons. */
  get status(): Locator {
    return this.#frame.getByRole('status');
  }

  /** The stages of the verification. */
  get steps(): Locator {
    return this.#frame.locator('.verification li');
  }

  field(label: string): Locator {
    return this.#frame.getByLabel(label, { exact: true });
  }

  button(name: string): Locator {
    return this.#frame.getByRole('button', { name, exact: true });
  }

  link(name: string): Locator {
    return this.#frame.getByRole('link', { name });
  }

  /** The sentence about what is wrong with a field. */
  errorOf(name: string): Locator {
    return this.#frame.locator('.row', { has: this.#frame.locator(`#field-${name}`) }).locator('.error');
  }

  /** What a field says of a file's content. */
  preview(text: string): Locator {
    return this.#frame.locator('.preview').getByText(text);
  }

  async fill(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await this.field(label).fill(value);
  }

  /** Picks from a drop-down list. */
  async choose(name: string, option: string): Promise<void> {
    const select = this.#frame.locator(`#field-${name}`);
    await select.click();
    await select.getByRole('option', { name: option, exact: true }).click();
  }

  async openAdvanced(): Promise<void> {
    await this.#frame.getByText('Advanced', { exact: true }).click();
  }

  /** The name by which a screen reader would call what has the focus. */
  async focused(): Promise<string> {
    return this.#frame.locator('body').evaluate(({ ownerDocument }) => {
      let element = ownerDocument.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
      return (element?.ariaLabel ?? labels[0]?.textContent ?? element?.textContent ?? '').trim();
    });
  }

  async save(): Promise<void> {
    await this.button('Save').click();
  }

  /** A click that comes while the editor area is still settling is lost now and then: then it is said, and clicked again. */
  async verify(): Promise<void> {
    await this.button('Verify').click();
    const answer = this.steps.first().or(this.#frame.locator('.error:visible').first());
    const answered = await answer
      .first()
      .waitFor({ timeout: 8000 })
      .then(
        () => true,
        () => false,
      );
    if (answered) return;
    console.log('A click on Verify had no effect.');
    await this.button('Verify').click();
  }
}
