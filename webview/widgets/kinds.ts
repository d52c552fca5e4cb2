import type { FieldKind } from '../../src/core/fields.ts';
import { createAction } from './action.ts';
import { createChoice } from './choice.ts';
import { createFetchedChoice } from './fetchedChoice.ts';
import { createFile } from './file.ts';
import { createLink } from './link.ts';
import { createNumber } from './number.ts';
import { createSecret } from './secret.ts';
import { createText } from './text.ts';
import { createTextArea } from './textArea.ts';
import { createToggle } from './toggle.ts';
import type { CreateWidget } from './widget.ts';

/** The widget of each kind of field. */
export const widgets: Readonly<Record<FieldKind, CreateWidget>> = {
  text: createText,
  secret: createSecret,
  number: createNumber,
  toggle: createToggle,
  choice: createChoice,
  fetchedChoice: createFetchedChoice,
  file: createFile,
  textArea: createTextArea,
  link: createLink,
  action: createAction,
};
