import { expect, test } from 'vitest';
import { readableRules, ruleFacts, splitRules, writeRule } from '../../../../src/providers/_shared/s3/lifecycleXml.ts';

const open =
  '<?xml version="1.0" encoding="UTF-8"?>\n<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">';
const close = '</LifecycleConfiguration>';
const one =
  '<Rule><ID>one</ID><Filter><Prefix>a&amp;b/</Prefix></Filter><Status>Enabled</Status><Unheard><Of/></Unheard></Rule>';
const other = '<Rule>\n  <ID>other</ID>\n  <Prefix/>\n  <Status>Disabled</Status>\n</Rule>';

test('rules are taken apart as they are written', () => {
  expect(splitRules(`${open}${one}\n${other}${close}\n`)).toEqual([one, other]);
  expect(splitRules(`${open}${close}`)).toEqual([]);
  expect(splitRules('<LifecycleConfiguration/>')).toEqual([]);
});

test.each([
  ['no document', ''],
  ['something else beside them', `${open}<Owner>x</Owner>${one}${close}`],
  ['a text beside them', `${open}${one}text${close}`],
  ['a comment beside them', `${open}<!-- <Rule></Rule> -->${one}${close}`],
  ['a rule with an attribute', `${open}<Rule kind="x"><ID>a</ID></Rule>${close}`],
  ['an end of a rule in a text', `${open}<Rule><ID><![CDATA[</Rule>]]></ID></Rule>${close}`],
  ['a prefix of a namespace', `<s:LifecycleConfiguration xmlns:s="x"><s:Rule></s:Rule></s:LifecycleConfiguration>`],
  ['a cut-off document', `${open}${one}`],
])('what could not be put back is refused: %s', (_, document) => {
  expect(() => splitRules(document)).toThrow(/can't be put back/);
});

test('a rule says its id and its prefix in each of the three ways', () => {
  expect(ruleFacts(one)).toMatchObject({ id: 'one', prefix: 'a&b/', enabled: true });
  expect(ruleFacts(other)).toMatchObject({ id: 'other', prefix: '', enabled: false });
  expect(ruleFacts('<Rule><Filter><And><Prefix>p</Prefix></And></Filter></Rule>').prefix).toBe('p');
  const written = writeRule({ ID: 'x', Filter: { Prefix: '<"&\'>' }, Expiration: { Days: 1 } });
  expect(ruleFacts(written)).toMatchObject({
    id: 'x',
    prefix: '<"&\'>',
    takes: ['1', undefined, undefined, undefined],
  });
});

test('a person reads one element a line', () => {
  expect(readableRules(['<Rule><ID>a</ID><Filter><Prefix/></Filter></Rule>'])).toBe(
    '<Rule>\n  <ID>a</ID>\n  <Filter>\n    <Prefix/>\n  </Filter>\n</Rule>\n',
  );
});
