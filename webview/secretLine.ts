import type { FieldView } from '../src/form/protocol.ts';
import { create, createLinkButton, setText } from './dom.ts';

const sentences = {
  stored: 'Stored. Leave blank to keep it.',
  lost: 'No longer needed?',
  entered: 'Entered, not saved.',
  cleared: 'Will be removed when you save.',
  empty: '',
} as const;

/** What becomes of a secret when the form is saved, and the buttons that change that. */
export class SecretLine {
  readonly element = create('div', 'secret-line');
  readonly sentence = create('span');
  readonly #clear;
  readonly #keep;
  readonly #discard;

  constructor({ label }: FieldView, answer: (type: 'clearSecret' | 'keepSecret') => void) {
    this.#clear = createLinkButton('Clear', () => answer('clearSecret'));
    this.#keep = createLinkButton('Keep', () => answer('keepSecret'));
    this.#discard = createLinkButton('Discard', () => answer('keepSecret'));
    for (const button of [this.#clear, this.#keep, this.#discard]) button.ariaLabel = `${button.textContent}: ${label}`;
    this.element.append(this.sentence, this.#clear, this.#keep, this.#discard);
  }

  update({ secret = 'empty', required }: FieldView): void {
    const state = secret === 'lost' && required ? 'empty' : secret;
    setText(this.sentence, sentences[state]);
    this.element.hidden = state === 'empty';
    this.#clear.hidden = state !== 'stored' && state !== 'lost';
    this.#keep.hidden = state !== 'cleared';
    this.#discard.hidden = state !== 'entered';
  }
}
