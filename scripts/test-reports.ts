/** What the JSON reports of the test runners say: how many tests passed, failed and were skipped, and how long each took. */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { isJsonObject, type Json } from '#core/json.ts';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface TimedTest {
  /** File, then the names of the groups and the test. */
  name: string;
  milliseconds: number;
}

export interface Report {
  counts: Counts;
  tests: readonly TimedTest[];
  /** Names of tests that failed and then passed when they were repeated. They count as passed. */
  flaky: readonly string[];
}

export const none: Report = { counts: { passed: 0, failed: 0, skipped: 0 }, tests: [], flaky: [] };

export function sum(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** @param file what `vitest --reporter=json` wrote */
export async function vitestReport(file: string): Promise<Report> {
  const report = await readReport(file);
  const field = numberOf(file, report);
  const tests = list(report['testResults']).flatMap((result) =>
    list(result['assertionResults']).map((test) => ({
      name: `${relative(process.cwd(), text(result['name']))} › ${text(test['fullName'])}`,
      milliseconds: milliseconds(test['duration']),
      // The errors of the tries before the one that passed.
      isFlaky:
        test['status'] === 'passed' && Array.isArray(test['failureMessages']) && test['failureMessages'].length > 0,
    })),
  );
  return {
    counts: {
      passed: field('numPassedTests'),
      failed: field('numFailedTests'),
      skipped: field('numPendingTests') + field('numTodoTests'),
    },
    tests,
    flaky: tests.filter(({ isFlaky }) => isFlaky).map(({ name }) => name),
  };
}

/** @param file what `playwright test --reporter=json` wrote */
export async function playwrightReport(file: string): Promise<Report> {
  const report = await readReport(file);
  const stats = report['stats'];
  const field = numberOf(file, isJsonObject(stats) ? stats : {});
  const tests = list(report['suites']).flatMap((suite) => specsOf(suite));
  return {
    counts: { passed: field('expected') + field('flaky'), failed: field('unexpected'), skipped: field('skipped') },
    tests,
    flaky: tests.filter(({ isFlaky }) => isFlaky).map(({ name }) => name),
  };
}

function specsOf(suite: Json): (TimedTest & { isFlaky: boolean })[] {
  const own = list(suite['specs']).map((spec) => {
    const runs = list(spec['tests']);
    return {
      name: `tests/e2e/${text(spec['file'])} › ${text(spec['title'])}`,
      milliseconds: runs
        .flatMap((test) => list(test['results']))
        .reduce((total, result) => total + milliseconds(result['duration']), 0),
      isFlaky: runs.some((test) => test['status'] === 'flaky'),
    };
  });
  return [...own, ...list(suite['suites']).flatMap((inner) => specsOf(inner))];
}

async function readReport(file: string): Promise<Json> {
  const report: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!isJsonObject(report)) throw new Error(`${file} is not a JSON object`);
  return report;
}

function numberOf(file: string, fields: Json): (name: string) => number {
  return (name) => {
    const value = fields[name];
    if (typeof value !== 'number') throw new Error(`${file} has no number "${name}"`);
    return value;
  };
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter((entry) => isJsonObject(entry)) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** A test that was skipped took no time. */
const milliseconds = (value: unknown): number => (typeof value === 'number' ? value : 0);
