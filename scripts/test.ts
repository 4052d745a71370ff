/** `npm test`: everything there is to check, step by step, up to the first that fails. `npm test -- --help` */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { ensureChromium } from './chromium.ts';
import { runNode, tools } from './node-process.ts';
import { none, playwrightCounts, sum, vitestCounts, type Counts } from './test-counts.ts';

interface Result {
  ok: boolean;
  counts: Counts;
}

interface Step {
  name: string;
  needsChromium?: boolean;
  run: () => Promise<Result>;
}

const reports = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-test-'));

/** Commands one after the other, up to the first that fails. */
async function commands(...each: (readonly string[])[]): Promise<Result> {
  for (const args of each) if (!(await runNode(args))) return { ok: false, counts: none };
  return { ok: true, counts: none };
}

async function vitest(project: string): Promise<Result> {
  const file = join(reports, `${project}.json`);
  const ok = await runNode([
    ...[...tools.vitest, 'run', '--project', project],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
  ]);
  // A runner that broke off wrote no report.
  return { ok, counts: existsSync(file) ? await vitestCounts(file) : none };
}

async function playwright(): Promise<Result> {
  const file = join(reports, 'e2e.json');
  const ok = await runNode([...tools.playwright, 'test', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  });
  return { ok, counts: existsSync(file) ? await playwrightCounts(file) : none };
}

const steps: readonly Step[] = [
  { name: 'typecheck', run: () => commands([...tools.tsx, 'scripts/typecheck.ts']) },
  { name: 'lint', run: () => commands([...tools.tsx, 'scripts/lint.ts']) },
  { name: 'unit', run: () => vitest('unit') },
  { name: 'browser', needsChromium: true, run: () => vitest('browser') },
  {
    name: 'build',
    run: () =>
      commands(
        [...tools.tsx, 'scripts/base-vocabulary.ts'],
        [...tools.tsx, 'cli/teach/packages.ts'],
        [...tools.vite, 'build'],
      ),
  },
  { name: 'e2e', needsChromium: true, run: playwright },
];

const { only } = new Command('npm test --')
  .description('Types, lint, tests in Node and in Chromium, the build, and the tests of the built page.')
  .addOption(
    new Option('--only <step>', 'run one step (e2e tests what "build" left)').choices(steps.map((s) => s.name)),
  )
  .parse()
  .opts<{ only?: string }>();
const chosen = steps.filter(({ name }) => only === undefined || name === only);

let counts = none;
let failedStep: string | undefined;
try {
  // The processes that follow take the same one.
  if (chosen.some(({ needsChromium }) => needsChromium)) process.env['CHROMIUM'] = ensureChromium();
  for (const { name, run } of chosen) {
    console.log(`\n== ${name}`);
    const begin = performance.now();
    const result = await run();
    console.log(`== ${name}: ${result.ok ? 'ok' : 'failed'} in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    counts = sum(counts, result.counts);
    if (result.ok) continue;
    failedStep = name;
    break;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  failedStep = 'set-up';
} finally {
  await rm(reports, { recursive: true, force: true });
}

if (failedStep !== undefined) {
  console.log(`\nFailed: ${failedStep}. By itself: npm test -- --only ${failedStep}`);
  process.exitCode = 1;
  // What broke off, or is no test, counts as one failure: a failed run never says "0 failed".
  if (counts.failed === 0) counts = sum(counts, { ...none, failed: 1 });
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
