/** Reads the numbers of passed, failed and skipped tests from the JSON reports of the test runners. */
import { readFile } from 'node:fs/promises';
import { isJsonObject } from '#core/json.ts';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 };

export function sum(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** @param file report of `vitest --reporter=json` */
export async function vitestCounts(file: string): Promise<Counts> {
  const field = await fieldsOf(file);
  return {
    passed: field('numPassedTests'),
    failed: field('numFailedTests'),
    skipped: field('numPendingTests') + field('numTodoTests'),
  };
}

/** @param file report of `playwright test --reporter=json`; a test that passed only in a retry counts as failed */
export async function playwrightCounts(file: string): Promise<Counts> {
  const field = await fieldsOf(file, 'stats');
  return { passed: field('expected'), failed: field('unexpected') + field('flaky'), skipped: field('skipped') };
}

async function fieldsOf(file: string, part?: string): Promise<(name: string) => number> {
  const whole: unknown = JSON.parse(await readFile(file, 'utf8'));
  const fields = part !== undefined && isJsonObject(whole) ? whole[part] : whole;
  return (name) => {
    const value = isJsonObject(fields) ? fields[name] : undefined;
    if (typeof value !== 'number') throw new Error(`${file} has no number "${name}"`);
    return value;
  };
}
