import { type FormState, type Memento, type PageMessage, parseFormState, type Request } from '../src/form/protocol.ts';
import { FormView } from './formView.ts';

interface WebviewApi {
  postMessage(message: PageMessage): void;
  setState(kept: Memento): void;
}

declare function acquireVsCodeApi(): WebviewApi;

const api = acquireVsCodeApi();
/** The last request about each field. */
const lastAsked = new Map<string, number>();
let nextId = 0;
let drawn = -1;

const view = new FormView(ask);
document.body.append(view.element);
window.addEventListener('message', ({ data }) => {
  const state = parseFormState(data);
  if (state) draw(state);
  else reportError(new Error('The page dropped a message that it does not know.'));
});
ask({ type: 'ready' });

function ask(request: Request): void {
  const id = nextId++;
  if ('field' in request) lastAsked.set(request.field, id);
  api.postMessage({ ...request, id });
}

function draw(state: FormState): void {
  if (state.sequence <= drawn) return;
  drawn = state.sequence;
  view.update(state, (field) => (lastAsked.get(field) ?? -1) <= state.answered);
  api.setState(state.memento);
}
