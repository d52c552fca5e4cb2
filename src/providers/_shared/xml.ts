import { SaxesParser } from 'saxes';

/** An element of a document: nothing in it is decoded but XML itself, no space is trimmed. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/**
 * The root of a document; undefined when the text is no XML or not all of it.
 * @param namespaces names elements by what their prefixes stand for, as `{DAV:}href`
 */
export function parseXml(document: string, { namespaces = false } = {}): XmlElement | undefined {
  const open: { name: string; children: XmlElement[]; text: string }[] = [];
  let root: XmlElement | undefined;
  let broken = false;
  const parser = new SaxesParser({ xmlns: namespaces });
  parser.on('error', () => {
    broken = true;
  });
  parser.on('opentag', ({ name, uri, local }) => {
    open.push({ name: namespaces ? `{${uri}}${local}` : name, children: [], text: '' });
  });
  const addText = (text: string) => {
    const current = open.at(-1);
    if (current) current.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = open.pop();
    if (!closed) return;
    const parent = open.at(-1);
    if (parent) parent.children.push(closed);
    else root = closed;
  });
  parser.write(document).close();
  return broken ? undefined : root;
}

/** The text of a direct child; undefined where there is none. */
export function textOf(element: XmlElement, name: string): string | undefined {
  return element.children.find((child) => child.name === name)?.text;
}

/** A text as it stands in XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
