/** `npm run licences` passes, and would not if a licence or a notice were missing. */
import { expect, it } from 'vitest';
import {
  checkLicences,
  dependenciesOf,
  importedPackages,
  licenceProblems,
  noticeProblems,
  type Dependency,
} from '../../../scripts/licences.ts';

it('everything here has a licence that is allowed, and NOTICE names what is shipped', async () => {
  const { count, problems } = await checkLicences();
  expect(problems).toEqual([]);
  expect(count).toBeGreaterThan(300);
});

const named = (licence: string | undefined, onlyTools = false): Dependency[] => [
  { path: 'node_modules/thing', name: 'thing', version: '1.0.0', licence, onlyTools },
];

it.each([
  ['GPL-3.0-only', false, 'thing@1.0.0: GPL-3.0-only is not allowed in the page'],
  ['MPL-2.0', false, 'thing@1.0.0: MPL-2.0 is not allowed in the page'],
  ['MIT AND GPL-3.0-only', true, 'thing@1.0.0: MIT AND GPL-3.0-only is not allowed in the tools'],
  ['SEE LICENSE IN terms.txt', true, 'thing@1.0.0: "SEE LICENSE IN terms.txt" is no SPDX expression'],
  [undefined, true, 'thing@1.0.0 names no licence: read its files, then add it to READ_BY_HAND'],
])('%s is refused by name (only in the tools: %s)', (licence, onlyTools, problem) => {
  expect(licenceProblems(named(licence, onlyTools))).toEqual([problem]);
});

it('of a choice one that is allowed is enough; of a combination all are needed', () => {
  expect(licenceProblems(named('(MPL-2.0 OR Apache-2.0)'))).toEqual([]);
  expect(licenceProblems(named('(Apache-2.0 AND BSD-3-Clause)'))).toEqual([]);
  expect(licenceProblems(named('MPL-2.0', true))).toEqual([]);
});

it('reads names, aliases, nested and platform packages from a lock file', () => {
  const packages = {
    '': { name: 'root', license: 'Apache-2.0' },
    'node_modules/@a/b': { version: '1.0.0', license: 'MIT' },
    'node_modules/c/node_modules/d': { version: '2.0.0', dev: true, optional: true, license: 'ISC' },
    'node_modules/alias': { name: 'real', version: '3.0.0', devOptional: true },
  };
  expect(dependenciesOf({ packages })).toEqual([
    { path: 'node_modules/@a/b', name: '@a/b', version: '1.0.0', licence: 'MIT', onlyTools: false },
    { path: 'node_modules/c/node_modules/d', name: 'd', version: '2.0.0', licence: 'ISC', onlyTools: true },
    { path: 'node_modules/alias', name: 'real', version: '3.0.0', licence: undefined, onlyTools: true },
  ]);
  expect(() => dependenciesOf({})).toThrow(/has no "packages"/);
});

it('finds what code bundles, and misses no name in NOTICE', () => {
  const source = `import { a } from 'thing';\nimport x from '@scope/other/deep.wasm?url';\nimport b from '#core/c.ts';
    import d from './e.ts';\nawait import('late');`;
  expect(importedPackages([source])).toEqual(['@scope/other', 'late', 'thing']);
  expect(noticeProblems('thing, MIT', ['thing', 'late'])).toEqual(['NOTICE does not name late, which is shipped']);
});
