import { stageLabels } from '../src/core/verification.ts';
import type { VerificationView } from '../src/form/protocol.ts';
import { create, createIcon } from './dom.ts';

const looks = {
  ok: { icon: 'pass', word: 'Passed' },
  failed: { icon: 'error', word: 'Failed' },
  denied: { icon: 'circle-slash', word: 'Not allowed' },
  unknown: { icon: 'question', word: 'Unknown' },
  skipped: { icon: 'circle-slash', word: 'Not tried' },
} as const;

/** What a verification found, stage by stage, as it comes in. */
export class VerificationList {
  readonly element = create('section', 'verification');
  readonly #list = create('ol');
  readonly #drawn: string[] = [];

  constructor() {
    const heading = create('h2', '', 'Verification');
    heading.id = 'verification-heading';
    this.element.setAttribute('aria-labelledby', heading.id);
    this.element.hidden = true;
    this.#list.ariaLive = 'polite';
    this.element.append(heading, this.#list);
  }

  update(verification: VerificationView | undefined): void {
    this.element.hidden = verification === undefined;
    this.element.classList.toggle('stale', verification?.stale ?? false);
    const grows = this.#draw(verification?.steps ?? []);
    if (grows) this.#list.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }

  /** Draws only the steps that are not there yet, so that opened details stay open: whether there were any. */
  #draw(steps: VerificationView['steps']): boolean {
    const wanted = steps.map((step) => JSON.stringify(step));
    while (this.#drawn.length > 0 && this.#drawn.some((drawn, index) => drawn !== wanted[index])) {
      this.#drawn.pop();
      this.#list.lastElementChild?.remove();
    }
    const added = steps.slice(this.#drawn.length);
    this.#drawn.push(...wanted.slice(this.#drawn.length));
    this.#list.append(...added.map(drawStep));
    return added.length > 0;
  }
}

function drawStep({ stage, status, sentence, ms, hint, detail }: VerificationView['steps'][number]): HTMLElement {
  const { icon, word } = looks[status];
  const item = create('li', status);
  const head = create('div', 'step');
  head.append(
    createIcon(icon),
    create('span', 'stage', stageLabels[stage]),
    create('span', 'word', word),
    create('span', 'time', status === 'skipped' ? '' : formatTime(ms)),
  );
  item.append(head);
  if (status !== 'skipped') item.append(create('p', 'sentence', sentence));
  if (hint !== undefined) item.append(create('p', 'advice', hint));
  if (detail !== undefined) item.append(drawDetail(detail));
  return item;
}

function drawDetail(detail: string): HTMLElement {
  const details = create('details');
  const text = create('pre', '', detail);
  text.tabIndex = 0;
  details.append(create('summary', '', 'Details'), text);
  return details;
}

function formatTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
