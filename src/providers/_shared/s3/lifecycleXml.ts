import { StorageError } from '../../../core/errors.ts';
import { escapeXml, parseXml, textOf, type XmlElement } from '../xml.ts';

/** What a rule says of itself, as far as it must be understood. */
export interface RuleFacts {
  readonly id: string;
  /** '' where it speaks of the whole bucket. */
  readonly prefix: string;
  readonly enabled: boolean;
  /** Days of what is current, of what is older, and of unfinished uploads, and whether lone delete markers go. */
  readonly takes: readonly (string | undefined)[];
}

/**
 * The rules in an answer, each as its text. Fails with 'unsupported' for a document in which more stands than rules, or
 * which is written in another way: of such a one nothing could be put back as it was.
 */
export function splitRules(document: string): readonly string[] {
  const root = parseXml(document);
  const texts = document.match(/<Rule>.*?<\/Rule>/gs) ?? [];
  const [outside = '', ...after] = document.split(/<Rule>.*?<\/Rule>/s);
  const bare = [outside.replace(/^.*<LifecycleConfiguration[^<>]*>|<LifecycleConfiguration[^<>]*\/>$/s, ''), ...after]
    .join('')
    .replace(/<\/LifecycleConfiguration>\s*$/, '');
  const sound =
    root?.name === 'LifecycleConfiguration' &&
    root.children.length === texts.length &&
    root.children.every(({ name }) => name === 'Rule') &&
    texts.every((text) => parseXml(text) !== undefined) &&
    bare.trim() === '';
  if (sound) return texts;
  throw new StorageError('unsupported', "The bucket's lifecycle rules are written in a way that can't be put back.", {
    hint: "Change them with the provider's own tools.",
  });
}

/** What the text of a rule says. */
export function ruleFacts(text: string): RuleFacts {
  const rule = parseXml(text);
  const at = (...path: readonly string[]) => path.reduce<XmlElement | undefined>(childOf, rule)?.text;
  return {
    id: (rule && textOf(rule, 'ID')) ?? '',
    prefix: at('Filter', 'Prefix') ?? at('Filter', 'And', 'Prefix') ?? at('Prefix') ?? '',
    enabled: at('Status') === 'Enabled',
    takes: [
      at('Expiration', 'Days'),
      at('NoncurrentVersionExpiration', 'NoncurrentDays'),
      at('AbortIncompleteMultipartUpload', 'DaysAfterInitiation'),
      at('Expiration', 'ExpiredObjectDeleteMarker'),
    ],
  };
}

/** Something that can be written as elements. */
type Written = string | number | boolean | { readonly [name: string]: Written };

/** A rule as XML. */
export function writeRule(rule: Written): string {
  return `<Rule>${elements(rule)}</Rule>`;
}

/** Rules as a person reads them, one element a line; '' where there are none. */
export function readableRules(texts: readonly string[]): string {
  return texts.map((text) => indent(text)).join('');
}

function elements(value: Written): string {
  if (typeof value !== 'object') return escapeXml(String(value));
  return Object.entries(value)
    .map(([name, inner]) => `<${name}>${elements(inner)}</${name}>`)
    .join('');
}

function indent(text: string): string {
  let depth = 0;
  return text
    .replace(/>\s*</g, '>\n<')
    .split('\n')
    .map((line) => {
      if (line.startsWith('</')) depth--;
      const shown = `${'  '.repeat(Math.max(0, depth))}${line}\n`;
      if (/^<[^/][^>]*[^/]>$/.test(line)) depth++;
      return shown;
    })
    .join('');
}

function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}
