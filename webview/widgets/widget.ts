import type { FieldValue } from '../../src/core/fields.ts';
import type { FieldView } from '../../src/form/protocol.ts';

/** What a widget may ask of the host, for its own field. */
export interface FieldRequests {
  change(value: FieldValue): void;
  chooseFile(): void;
  fetchChoices(): void;
  runAction(): void;
  openLink(): void;
}

/** The control of one field. */
export interface Widget {
  /** All of it, as it stands in the row. */
  readonly element: HTMLElement;
  /** The vscode-element that has the label, the description and the focus. */
  readonly control: HTMLElement & { readonly updateComplete?: Promise<boolean> };
  /** Whether the control shows the label itself. */
  readonly labelled?: boolean;
  /** Draws the field. Its value is drawn only when it is `current`: the host has taken in all that was typed. */
  update(field: FieldView, current: boolean): void;
}

export type CreateWidget = (field: FieldView, requests: FieldRequests) => Widget;
