import { createObject } from './s3Objects.ts';
import type { MemoryS3 } from './s3Server.ts';

/** What the sample buckets keep from being deleted, so that a removal has something to report. */
export const undeletableSamples: readonly string[] = ['datasets/retained/'];

/** Fills the buckets that the demo storage starts with: a few megabytes of believable things. */
export function fillSampleData(server: Pick<MemoryS3, 'put'>): void {
  const put = (bucket: string, key: string, body: string | Buffer, contentType: string, daysOld: number) => {
    const modified = new Date(Date.now() - daysOld * 24 * 60 * 60 * 1000);
    server.put(bucket, key, createObject(Buffer.from(body), { contentType, modified }));
  };
  fillExperiments(put);
  fillDatasets(put);
  fillWebsite(put);
  fillOddNames(put);
  for (let n = 1; n <= 2500; n++) {
    const key = `sensors/reading-${String(n).padStart(5, '0')}.json`;
    put(
      'many-objects',
      key,
      JSON.stringify({ sensor: n % 40, celsius: 18 + (n % 70) / 10 }),
      'application/json',
      n / 100,
    );
  }
}

type Put = (bucket: string, key: string, body: string | Buffer, contentType: string, daysOld: number) => void;

const tasks = [
  ['image-classifier', 'train resnet.5f0c1e7ab0d94c3f8a1b2c3d4e5f6071'],
  ['image-classifier', 'train resnet.8a9be2d17c6f4e52b0a1938475665544'],
  ['churn', 'gradient boosting.1d2c3b4a5f6e47889900aabbccddeeff'],
  ['churn', 'feature report.c0ffee00aa11bb22cc33dd44ee55ff66'],
] as const;

// Projects, tasks and artifacts stand in the paths that ClearML gives them.
function fillExperiments(put: Put): void {
  for (const [index, [project, task]] of tasks.entries()) {
    const root = `${project}/${task}`;
    put('experiments', `${root}/models/model.pkl`, fillerOf(48_000, index), 'application/octet-stream', 30 - index);
    put(
      'experiments',
      `${root}/models/checkpoint-best.pt`,
      fillerOf(96_000, index),
      'application/octet-stream',
      30 - index,
    );
    const scores = { accuracy: 0.91 + index / 100, loss: 0.21 };
    put(
      'experiments',
      `${root}/artifacts/scores/scores.json`,
      `${JSON.stringify(scores, null, 2)}\n`,
      'application/json',
      30 - index,
    );
    put('experiments', `${root}/artifacts/predictions/predictions.csv`, csvOf(200), 'text/csv', 29 - index);
    for (let step = 0; step < 12; step++) {
      const name = `loss_train_${String(step).padStart(8, '0')}.png`;
      put('experiments', `${root}/metrics/loss/train/${name}`, onePixel, 'image/png', 29 - index);
    }
  }
}

function fillDatasets(put: Put): void {
  put(
    'datasets',
    'README.md',
    '# Datasets\n\nOne folder a dataset. What is in `retained/` must stay.\n',
    'text/markdown',
    90,
  );
  for (const split of ['train', 'test']) {
    for (let part = 0; part < 8; part++) {
      put('datasets', `housing/${split}/part-${String(part).padStart(4, '0')}.csv`, csvOf(120), 'text/csv', 60 - part);
    }
    for (let n = 0; n < 40; n++) {
      put('datasets', `flowers/${split}/${n % 2 ? 'rose' : 'tulip'}/${1000 + n}.png`, onePixel, 'image/png', 45);
    }
  }
  for (const year of [2023, 2024, 2025]) put('datasets', `retained/audit-${year}.csv`, csvOf(50), 'text/csv', 200);
}

function fillWebsite(put: Put): void {
  const page = '<!doctype html>\n<title>Hello</title>\n<link rel="stylesheet" href="style.css">\n<h1>Hello</h1>\n';
  put('website-assets', 'index.html', page, 'text/html', 12);
  put(
    'website-assets',
    'style.css',
    'body { font-family: sans-serif; max-width: 60ch; margin: auto; }\n',
    'text/css',
    12,
  );
  put('website-assets', 'scripts/menu.js', "document.querySelector('h1').title = 'Hello';\n", 'text/javascript', 12);
  put('website-assets', 'images/logo.png', onePixel, 'image/png', 40);
  put(
    'website-assets',
    'images/logo.svg',
    '<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>\n',
    'image/svg+xml',
    40,
  );
  for (const name of ['about', 'contact', 'imprint'])
    put('website-assets', `pages/${name}.html`, page, 'text/html', 11);
}

const oddNames = [
  '<img src=x onerror=alert(1)>',
  'a b+c%20d.txt',
  'question?mark#hash.txt',
  'back\\slash.txt',
  'quotes "double" and \'single\'.txt',
  'umlaut äöü.txt',
  'composed é.txt',
  'decomposed e\u0301.txt',
  'emoji \u{1F600}.txt',
  'right to left \u05e9\u05dc\u05d5\u05dd.txt',
  'trailing space ',
  ' leading space',
  'dots/../up.txt',
  'dots/./here.txt',
  'double//slash.txt',
  '/leading slash.txt',
  '007',
  '1e5',
  'true',
  '__proto__',
  'line\nbreak.txt',
  'tab\tstop.txt',
  '$(trash) `code` [link](command:nothing).md',
] as const;

function fillOddNames(put: Put): void {
  for (const name of oddNames)
    put('odd-names', name, `The key of this object is ${JSON.stringify(name)}\n`, 'text/plain', 5);
}

const onePixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

function csvOf(rows: number): string {
  const lines = Array.from({ length: rows }, (_, n) => `${n},${(n * 37) % 101},${((n * 7919) % 1000) / 10}`);
  return `id,group,value\n${lines.join('\n')}\n`;
}

// Bytes that look like a model's weights and are the same in every run.
function fillerOf(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed + 1;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
