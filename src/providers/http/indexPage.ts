import { parse } from 'node-html-parser';
import { isObject, isText, parseJson } from '../../core/json.ts';
import type { Entry } from '../../core/storageClient.ts';
import { refuseFileName } from '../_shared/files.ts';
import { encodeSegment } from '../_shared/keys.ts';
import { depthIn, partsOf, pathOfReference, readable, webEntry } from '../_shared/webPaths.ts';

/**
 * What a server's page of a folder names, in HTML or as nginx writes it in JSON: of its links those that lead to something
 * directly in the folder, each once. Undefined for a page that is no list of files.
 */
export function readIndex(type: string, text: string, folder: string, server: URL): readonly Entry[] | undefined {
  if (/^application\/json\b/i.test(type)) return readJson(text, folder);
  return /^(text\/html|application\/xhtml\+xml)\b/i.test(type) ? readHtml(text, folder, server) : undefined;
}

function readHtml(text: string, folder: string, server: URL): readonly Entry[] | undefined {
  // nginx puts its links into preformatted text, which is no text alone.
  const page = parse(text, { blockTextElements: { script: true, noscript: true, style: true } });
  const links = page.querySelectorAll('a').flatMap((anchor) => anchor.getAttribute('href') ?? []);
  const paths = links.flatMap((link) => pathOfReference(link, server, folder) ?? []);
  const inFolder = partsOf(folder) ?? [];
  const entries = new Map<string, Entry>();
  for (const path of paths) {
    const parts = partsOf(path);
    const name = parts?.join('/') ?? '';
    if (!parts || depthIn(inFolder, parts) !== 1 || entries.has(name)) continue;
    entries.set(name, webEntry(path.endsWith('/') ? 'folder' : 'object', path));
  }
  const titles = ['title', 'h1', 'h2'].map((tag) => page.querySelector(tag)?.text.trim() ?? '');
  const listed = entries.size > 0 || titles.some((title) => isTitle(title, folder)) || links.some(leadsUp);
  // Half a page would show half of the files.
  return listed && /<\/(html|body)>\s*$/i.test(text) ? [...entries.values()] : undefined;
}

/** What the pages of Apache, nginx, lighttpd and Python's server, and those of rclone and Caddy, are called. */
function isTitle(title: string, folder: string): boolean {
  return /^(index of|directory listing)\b/i.test(title) || title === readable(folder);
}

function leadsUp(link: string): boolean {
  return /^\.\.\/?$/.test(link);
}

/** https://nginx.org/en/docs/http/ngx_http_autoindex_module.html */
function readJson(text: string, folder: string): readonly Entry[] | undefined {
  const rows = parseJson(text);
  if (!Array.isArray(rows)) return undefined;
  const entries = rows.map((row) => readRow(row, folder));
  return entries.includes(undefined) ? undefined : (entries as Entry[]);
}

function readRow(row: unknown, folder: string): Entry | undefined {
  if (!isObject(row) || !isText(row.name, 1) || !isText(row.type, 1) || refuseFileName(row.name)) return undefined;
  const modified = isText(row.mtime) ? Date.parse(row.mtime) : Number.NaN;
  const facts = { modified: Number.isNaN(modified) ? undefined : modified };
  const path = `${folder}${encodeSegment(row.name)}`;
  if (row.type === 'directory') return webEntry('folder', `${path}/`, facts);
  return webEntry('object', path, { ...facts, size: typeof row.size === 'number' ? row.size : undefined });
}
