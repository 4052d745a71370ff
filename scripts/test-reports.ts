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
}

export const none: Report = { counts: { passed: 0, failed: 0, skipped: 0 }, tests: [] };

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
    })),
  );
  return {
    counts: {
      passed: field('numPassedTests'),
      failed: field('numFailedTests'),
      skipped: field('numPendingTests') + field('numTodoTests'),
    },
    tests,
  };
}

/** @param file what `playwright test --reporter=json` wrote; a test that passed when it was tried again counts as failed */
export async function playwrightReport(file: string): Promise<Report> {
  const report = await readReport(file);
  const stats = report['stats'];
  const field = numberOf(file, isJsonObject(stats) ? stats : {});
  return {
    counts: { passed: field('expected'), failed: field('unexpected') + field('flaky'), skipped: field('skipped') },
    tests: list(report['suites']).flatMap((suite) => specsOf(suite)),
  };
}

function specsOf(suite: Json): TimedTest[] {
  const own = list(suite['specs']).map((spec) => ({
    name: `tests/e2e/${text(spec['file'])} › ${text(spec['title'])}`,
    milliseconds: list(spec['tests'])
      .flatMap((test) => list(test['results']))
      .reduce((total, result) => total + milliseconds(result['duration']), 0),
  }));
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
