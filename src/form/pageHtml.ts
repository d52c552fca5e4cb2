/** Where the page's parts are, as the webview can load them. */
export interface PageSources {
  /** What the webview's own files are served from, for the content security policy. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  readonly icons: string;
  /** New for every page. */
  readonly nonce: string;
}

/** The form's page. It holds no data: that comes by messages and is drawn as text. */
export function pageHtml({ cspSource, script, style, icons, nonce }: PageSources): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${cspSource}; font-src ${cspSource}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link id="vscode-codicon-stylesheet" rel="stylesheet" href="${icons}">
<link rel="stylesheet" href="${style}">
<title>Credential</title>
</head>
<body>
<script type="module" nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
