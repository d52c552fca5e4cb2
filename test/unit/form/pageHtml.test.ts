import { expect, test } from 'vitest';
import { pageHtml } from '../../../src/form/pageHtml.ts';

const html = pageHtml({
  cspSource: 'https://parts.example',
  script: 'https://parts.example/main.js',
  style: 'https://parts.example/style.css',
  icons: 'https://parts.example/codicon.css',
  nonce: 'abc123',
});

test('the page allows its own script, styles and fonts, and nothing else', () => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
  expect(policy?.split('; ')).toEqual([
    "default-src 'none'",
    "script-src 'nonce-abc123'",
    'style-src https://parts.example',
    'font-src https://parts.example',
  ]);
});

test('the page has one script, with the nonce, and no inline code or style', () => {
  expect(html.match(/<script[^>]*>/g)).toEqual([
    '<script type="module" nonce="abc123" src="https://parts.example/main.js">',
  ]);
  expect(html).not.toMatch(/<style|style=|\son\w+=|javascript:/i);
});
