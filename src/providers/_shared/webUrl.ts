/** The URL of a folder on a web server, which ends with a slash; undefined for what is none. */
export function webUrl(entered: string): URL | undefined {
  if (!/^https?:\/\/[^/]/i.test(entered) || !URL.canParse(entered)) return undefined;
  const url = new URL(entered);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Why this can't be the URL of a folder on a web server, if it can't. */
export function refuseWebUrl(entered: string): string | undefined {
  if (webUrl(entered)) return undefined;
  return /@|[?#]/.test(entered)
    ? 'Enter the URL of a folder alone, without user, question mark or number sign.'
    : 'Enter a URL that begins with https:// or http://.';
}
