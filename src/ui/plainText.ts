import { showName } from '../core/text.ts';

/** A text for notifications and dialogs: VS Code makes links of `[label](target)` there, which a name must not become. */
export function plainMessage(text: string): string {
  return showLines(text).replaceAll('](', ']\u200a(');
}

/** A text for a row of a quick pick, where VS Code draws `$(name)` as an icon. */
export function plainLabel(text: string): string {
  return showName(text).replaceAll('$(', '$\u200a(');
}

function showLines(text: string): string {
  return text.split('\n').map(showName).join('\n');
}
