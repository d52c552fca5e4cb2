import { describe, expect, test } from 'vitest';
import type { Parts } from '../../../src/commands/parts.ts';
import { credentialTarget, entryTargets, listedTarget, targetsOf } from '../../../src/commands/targets.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { Entry } from '../../../src/core/storageClient.ts';
import { CredentialNode, EntryNode, type Node } from '../../../src/tree/nodes.ts';

const provider = { label: 'Toy', noun: { one: 'box', many: 'boxes' }, describe: () => '' } as unknown as Provider;
const research = credential('research');
const [one, two, three, four] = ['one', 'two', 'three', 'four'].map((name) => object(name)) as [Row, Row, Row, Row];
type Row = EntryNode;

function credential(id: string): CredentialNode {
  const record = { schema: 1, id, revision: 'r', provider: 'toy', name: id, settings: {}, secretNames: [] } as const;
  return new CredentialNode(record, provider, async () => ({ entries: [] }));
}

function entryNode(entry: Entry): EntryNode {
  return new EntryNode(entry, research, async () => ({ entries: [] }));
}

function object(name: string): EntryNode {
  return entryNode({ kind: 'object', container: 'box', id: name, name, path: `box/${name}` });
}

function folder(name: string): EntryNode {
  return entryNode({ kind: 'folder', container: 'box', id: `${name}/`, name, path: `box/${name}/` });
}

/** Parts of which only the view and the questions are used: a question asked is a question written down. */
function partsWith(selection: readonly Node[], visible = true) {
  const asked: string[] = [];
  const parts = {
    view: { visible, selection },
    tree: { credentials: async () => [research] },
    dialogs: { pick: async (title: string) => void asked.push(title) },
  };
  return { parts: parts as unknown as Parts, asked };
}

describe('the rows that a command means', () => {
  const selected = [one, two, three];
  test.each<{
    how: string;
    called: readonly [node?: Node, nodes?: readonly Node[] | undefined];
    meant: readonly Node[];
  }>([
    { how: 'the Delete key passes nothing: the selection', called: [], meant: selected },
    { how: 'a right-click on a row that is not selected: that row alone', called: [four], meant: [four] },
    { how: 'the same with no list of rows', called: [four, undefined], meant: [four] },
    { how: 'the same with an empty list of rows', called: [four, []], meant: [four] },
    { how: 'a right-click on a selected row: all that are selected', called: [two, selected], meant: selected },
    { how: 'an inline button of a selected row: that row alone', called: [two], meant: [two] },
    { how: 'a click on the only selected row', called: [one, [one]], meant: [one] },
  ])('$how', ({ called, meant }) => {
    expect(targetsOf(partsWith(selected).parts, ...called)).toEqual(meant);
  });

  test('nothing, when the view is out of sight: nobody sees its selection', () => {
    expect(targetsOf(partsWith(selected, false).parts)).toEqual([]);
    expect(targetsOf(partsWith(selected, false).parts, four)).toEqual([four]);
  });
});

describe('the entries that a command means', () => {
  test('are those of the kinds it works on', async () => {
    const rows = [one, folder('in'), research];
    const { parts, asked } = partsWith(rows);
    expect(await entryTargets(parts, 'Open', ['object'])).toEqual([one]);
    expect(await entryTargets(parts, 'Copy', ['object', 'folder'])).toEqual(rows.slice(0, 2));
    expect(asked).toEqual([]);
  });

  test('are never guessed for a row that was clicked and does not fit', async () => {
    const { parts, asked } = partsWith([one]);
    expect(await entryTargets(parts, 'Open', ['object'], folder('in'))).toEqual([]);
    expect(await entryTargets(parts, 'Open', ['object'], research)).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('are asked for when neither a row nor the selection says them', async () => {
    const { parts, asked } = partsWith([research]);
    expect(await entryTargets(parts, 'Open', ['object'])).toEqual([]);
    expect(asked).toEqual(['Open']);
  });
});

describe('the credential that a command means', () => {
  test('is the row, or the one that a clicked row lies in', async () => {
    const { parts, asked } = partsWith([]);
    expect(await credentialTarget(parts, 'Verify', research)).toBe(research);
    expect(await credentialTarget(parts, 'Verify', one)).toBe(research);
    expect(asked).toEqual([]);
  });

  test('is the selected one, but not the one around a selected object', async () => {
    expect(await credentialTarget(partsWith([research]).parts, 'Remove')).toBe(research);
    const { parts, asked } = partsWith([one]);
    expect(await credentialTarget(parts, 'Remove')).toBeUndefined();
    expect(asked).toEqual(['Remove']);
  });
});

describe('the listing that a command means', () => {
  test('is below a credential, a container or a folder, never below an object', async () => {
    const { parts, asked } = partsWith([]);
    const inside = folder('in');
    expect(await listedTarget(parts, 'Filter', inside)).toBe(inside);
    expect(await listedTarget(parts, 'Filter', research)).toBe(research);
    expect(asked).toEqual([]);
    expect(await listedTarget(parts, 'Filter', one)).toBeUndefined();
    expect(asked).toEqual(['Filter']);
  });
});
