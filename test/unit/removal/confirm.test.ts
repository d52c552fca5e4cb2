import { expect, test } from 'vitest';
import { type Caps, confirmationFor, confirmationForAll } from '../../../src/removal/confirm.ts';
import type { RemovalCounts, RemovalPlan, Selected } from '../../../src/removal/removal.ts';

const none = { objects: 0, folders: 0, versions: 0, markers: 0, uploads: 0, locked: 0, bypassable: 0, bytes: 0 };
const photos: Selected = { kind: 'container', id: 'photos', name: 'photos', path: 'photos' };
const year: Selected = { kind: 'folder', container: 'photos', id: '2020/', name: '2020/', path: '2020/' };

function picture(id: string): Selected {
  return { kind: 'object', container: 'photos', id, name: id, path: id };
}

function planOf(
  counts: Partial<RemovalCounts>,
  selection: readonly Selected[],
  more: Partial<RemovalPlan> = {},
): RemovalPlan {
  return {
    id: 'r1',
    credential: { id: 'c1', name: 'Production' },
    provider: { id: 's3', label: 'Amazon S3', noun: { one: 'bucket', many: 'buckets' } },
    selection,
    mode: 'recoverable',
    counts: { ...none, ...counts },
    recovery: { recoverable: 'no', because: 'The bucket keeps no versions.' },
    repeatable: true,
    notices: [],
    plannedAt: 0,
    manifest: { entries: 0, sha256: '' },
    ...more,
  };
}

test('nothing found: nothing to ask', () => {
  expect(confirmationFor(planOf({}, [year]))).toEqual({ kind: 'none', title: 'Nothing to delete: 2020/' });
  expect(confirmationFor(planOf({}, [photos])).kind).toBe('none');
});

test('one object is named in the question', () => {
  expect(confirmationFor(planOf({ objects: 1, bytes: 1500 }, [picture('a.jpg')]))).toEqual({
    kind: 'modal',
    title: 'Delete 1 object: a.jpg',
    detail: [
      "This can't be undone. The bucket keeps no versions.",
      'Selected: a.jpg',
      'Bucket: photos',
      'Size: 1.5 kB',
      'Credential: Production (Amazon S3)',
    ],
    button: 'Delete 1 Object',
  });
});

test('up to a thousand a click is enough, above a name must be typed', () => {
  const kindOf = (objects: number, folders = 0) => confirmationFor(planOf({ objects, folders }, [year])).kind;
  expect([1, 10, 11, 1000, 1001, 10_000_000].map((count) => kindOf(count))).toEqual([
    'modal',
    'modal',
    'modal',
    'modal',
    'typeName',
    'typeName',
  ]);
  expect(kindOf(999, 1)).toBe('modal');
  expect(kindOf(999, 2)).toBe('typeName');
});

test('how much a click may delete can be said, in objects and in bytes', () => {
  const kindOf = (objects: number, bytes: number, caps: Caps) =>
    confirmationFor(planOf({ objects, bytes }, [year]), caps).kind;
  const caps = { objects: 5, bytes: 1_000 };
  expect([kindOf(5, 1_000, caps), kindOf(6, 1, caps), kindOf(1, 1_001, caps)]).toEqual([
    'modal',
    'typeName',
    'typeName',
  ]);
  expect(kindOf(1, 0, { objects: 0, bytes: 0 })).toBe('typeName');
  const plans = [planOf({ objects: 3, bytes: 1 }, [year]), planOf({ objects: 3, bytes: 1 }, [year])];
  expect(confirmationForAll(plans, caps).kind).toBe('typeName');
});

test('a whole container asks for its name, however little is in it', () => {
  expect(confirmationFor(planOf({ objects: 1 }, [photos]))).toMatchObject({
    kind: 'typeName',
    title: 'Delete 1 object?',
    name: 'photos',
    prompt: 'To delete 1 object, type: photos',
    detail: expect.arrayContaining(['Everything in the bucket: photos']),
  });
});

test('many objects: count and size are written out, and the folder is what must be typed', () => {
  expect(confirmationFor(planOf({ objects: 1204, folders: 3, bytes: 3_400_000_000 }, [year]))).toMatchObject({
    kind: 'typeName',
    title: 'Delete 1,204 objects and 3 folders?',
    button: 'Delete 1,204 Objects and 3 Folders',
    name: '2020',
    detail: expect.arrayContaining(['Size: 3.4 GB', 'Selected: 2020/', 'Bucket: photos']),
  });
});

test('what can not be typed, and what is more than one thing, asks for the name of the credential', () => {
  const nameFor = (...selection: Selected[]) => {
    const confirmation = confirmationFor(planOf({ objects: 5000 }, selection));
    return confirmation.kind === 'typeName' && confirmation.name;
  };
  expect(nameFor(year)).toBe('2020');
  expect(nameFor(year, photos)).toBe('Production');
  expect(nameFor({ ...year, name: 'a\u202eb/' })).toBe('Production');
  expect(nameFor({ ...year, name: '///' })).toBe('Production');
  expect(nameFor({ ...year, name: ' 2020/' })).toBe('Production');
});

test('it says whether it can be undone, and why', () => {
  const first = (more: Partial<RemovalPlan>, counts: Partial<RemovalCounts> = {}) => {
    const confirmation = confirmationFor(planOf({ objects: 2, ...counts }, [year], more));
    return confirmation.kind === 'none' ? undefined : confirmation.detail[0];
  };
  const yes = { recoverable: 'yes', because: 'What is deleted stays behind a marker.' } as const;
  expect(first({ recovery: yes })).toBe('This can be undone. What is deleted stays behind a marker.');
  expect(first({ recovery: yes, mode: 'permanent' })).toBe("This can't be undone.");
  expect(first({ recovery: yes }, { versions: 1 })).toMatch(/^This can't be undone\. A version/);
  expect(first({ recovery: { recoverable: 'unknown', because: 'Not told.' } })).toBe(
    "It may be that this can't be undone. Not told.",
  );
});

test('names from the server are shown with what hides in them, and long selections are cut', () => {
  const many = Array.from({ length: 14 }, (_, index) => picture(`p${index}`));
  expect(confirmationFor(planOf({ objects: 14, locked: 2, versions: 0 }, many, { notices: ['Odd.'] }))).toMatchObject({
    detail: [
      "This can't be undone. The bucket keeps no versions.",
      'Selected: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 4 more',
      'Bucket: photos',
      'Locked, so the server will likely keep them: 2',
      'Credential: Production (Amazon S3)',
      'Odd.',
    ],
  });
  expect(confirmationFor(planOf({ objects: 1 }, [picture('a\u202eb')])).title).toBe('Delete 1 object: a\\u202eb');
});

test('versions, markers and uploads are called what they are', () => {
  const titleOf = (counts: Partial<RemovalCounts>, selection: readonly Selected[] = [year]) => {
    const confirmation = confirmationFor(planOf(counts, selection));
    return [confirmation.title, confirmation.kind === 'none' ? '' : confirmation.button];
  };
  expect(titleOf({ objects: 9, versions: 5, markers: 3, folders: 2, uploads: 1 })).toEqual([
    'Delete 1 object, 5 versions, 3 delete markers, 2 folders and 1 unfinished upload?',
    'Delete 1 Object, 5 Versions, 3 Delete Markers, 2 Folders and 1 Unfinished Upload',
  ]);
  expect(titleOf({ objects: 1, versions: 1 }, [picture('a')])).toEqual(['Delete 1 version: a', 'Delete 1 Version']);
  expect(titleOf({ uploads: 1 }, [{ ...picture('a'), kind: 'upload' }])).toEqual([
    'Abort 1 unfinished upload: a',
    'Abort 1 Unfinished Upload',
  ]);
  expect(titleOf({ uploads: 2 })).toEqual(['Abort 2 unfinished uploads?', 'Abort 2 Unfinished Uploads']);
});

test('what goes for good is said of versions and uploads, and what a marker hid counts again', () => {
  const yes = { recoverable: 'yes', because: 'What is deleted stays behind a marker.' } as const;
  const first = (counts: Partial<RemovalCounts>, mode: RemovalPlan['mode'] = 'recoverable') => {
    const confirmation = confirmationFor(planOf(counts, [year], { recovery: yes, mode }));
    return confirmation.kind === 'none' ? undefined : confirmation.detail[0];
  };
  expect(first({ objects: 2, markers: 2 })).toBe('What stood before a delete marker counts again.');
  expect(first({ objects: 2, versions: 2 }, 'permanent')).toMatch(/^This can't be undone\./);
  expect(first({ objects: 2, markers: 2 }, 'permanent')).toMatch(/^This can't be undone\./);
  expect(first({ uploads: 2 })).toBe("This can't be undone. What was uploaded so far is lost.");
  expect(first({ objects: 2, uploads: 1 })).toBe(
    'This can be undone. What is deleted stays behind a marker. An upload that is aborted is gone for good.',
  );
});

test('whether governance is bypassed is a question of its own, whose first answer keeps', () => {
  const asked = (counts: Partial<RemovalCounts>, bypass?: true) => {
    const confirmation = confirmationFor(
      planOf({ objects: 5, versions: 5, ...counts }, [year], { mode: 'permanent', ...(bypass ? { bypass } : {}) }),
    );
    return confirmation.kind === 'none' ? undefined : confirmation;
  };
  expect(asked({ locked: 2 })?.locks).toBeUndefined();
  const governed = asked({ locked: 3, bypassable: 2 });
  expect(governed?.locks).toEqual({
    title: 'Locked in governance mode: 2',
    keep: 'Leave Locked Ones',
    bypass: 'Delete Locked Ones Too (Bypass Governance)',
  });
  expect(governed?.detail).toContain('Locked, so the server will likely keep them: 3');
  const chosen = asked({ locked: 3, bypassable: 2 }, true);
  expect(chosen?.locks).toBeUndefined();
  expect(chosen?.detail).toEqual(
    expect.arrayContaining([
      'Locked in governance mode, which is bypassed for: 2',
      'Locked, so the server will likely keep them: 1',
    ]),
  );
});

test('several plans are asked about as one, by what all of them hold', () => {
  const one = planOf({ objects: 600, bytes: 1000 }, [picture('a'), picture('b')]);
  const other = planOf({ objects: 401, locked: 3, bypassable: 2 }, [picture('c'), picture('d')], {
    credential: { id: 'c2', name: 'Archive' },
    recovery: { recoverable: 'yes', because: 'The bucket keeps versions.' },
  });
  expect(confirmationForAll([one, other])).toEqual({
    kind: 'typeName',
    title: 'Delete 1,001 objects?',
    detail: [
      "Production (Amazon S3): 600 objects, 1 kB. This can't be undone. The bucket keeps no versions.",
      'Archive (Amazon S3): 401 objects. This can be undone. The bucket keeps versions.',
      'Locked, so the server will likely keep them: 3',
    ],
    button: 'Delete 1,001 Objects',
    locks: {
      title: 'Locked in governance mode: 2',
      keep: 'Leave Locked Ones',
      bypass: 'Delete Locked Ones Too (Bypass Governance)',
    },
    name: '1,001 objects',
    prompt: 'To delete them, type: 1,001 objects',
  });
  expect(confirmationForAll([one, { ...other, bypass: true }])).not.toHaveProperty('locks');
  expect(confirmationForAll([one])).toEqual(confirmationFor(one));
  expect(confirmationForAll([]).kind).toBe('none');
});

test('of a version alone it is said which one', () => {
  const version = { id: 'v\u00071', latest: false, marker: false };
  const one = { kind: 'object', container: 'photos', id: 'a', name: 'a', path: 'photos/a', version } as const;
  const confirmation = confirmationFor(planOf({ objects: 1, versions: 1 }, [one]));
  expect(confirmation.kind === 'none' ? [] : confirmation.detail).toContain('Version: v\\u00071');
});

test('what is not conditional is said where much is deleted, and nowhere else', () => {
  const notConditional = 'Not conditional: what is overwritten before its turn comes goes too.';
  const said = (objects: number, more: Partial<RemovalPlan>) => {
    const asked = confirmationFor(planOf({ objects }, [year], more));
    return asked.kind === 'none' ? [] : asked.detail;
  };
  expect(said(20_000, { unconditional: true })).toContain(notConditional);
  expect(said(20_000, {})).not.toContain(notConditional);
  expect(said(3, { unconditional: true })).not.toContain(notConditional);
});
