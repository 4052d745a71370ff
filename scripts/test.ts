/** `npm test`: everything there is to check; what can run beside each other does, up to the first that fails. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { ensureChromium } from './chromium.ts';
import { runNodeBeside, tools } from './node-process.ts';
import { none, playwrightReport, sum, vitestReport, type Report } from './test-reports.ts';

type Result = Report & { ok: boolean };

interface Step {
  name: string;
  needsChromium?: boolean;
  run: (name: string) => Promise<Result>;
}

const reports = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-test-'));
const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());

/** Commands one after the other, up to the first that fails. */
function commands(...each: (readonly string[])[]): Step['run'] {
  return async (name) => {
    for (const args of each) if (!(await node(name, args))) return { ...none, ok: false };
    return { ...none, ok: true };
  };
}

const node = (name: string, args: readonly string[], env: Record<string, string> = {}): Promise<boolean> =>
  runNodeBeside(args, { prefix: `${name.padEnd(WIDTH)} │ `, env, signal: abort.signal });

async function vitest(project: string): Promise<Result> {
  const file = join(reports, `${project}.json`);
  const ok = await node(project, [
    ...[...tools.vitest, 'run', '--project', project],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
  ]);
  // A runner that broke off wrote no report.
  return { ok, ...(existsSync(file) ? await vitestReport(file) : none) };
}

async function playwright(name: string): Promise<Result> {
  const file = join(reports, 'e2e.json');
  const ok = await node(name, [...tools.playwright, 'test', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  });
  return { ok, ...(existsSync(file) ? await playwrightReport(file) : none) };
}

const typecheck: Step = { name: 'typecheck', run: commands([...tools.tsx, 'scripts/typecheck.ts']) };
const lint: Step = { name: 'lint', run: commands([...tools.tsx, 'scripts/lint.ts']) };
const unit: Step = { name: 'unit', run: vitest };
const fillPublic = [
  [...tools.tsx, 'scripts/base-vocabulary.ts'],
  [...tools.tsx, 'cli/teach/packages.ts'],
];
/** Before what reads public/: nothing is put in its place while it is read. */
const models: Step = { name: 'models', run: commands(...fillPublic) };
const build: Step = { name: 'build', run: commands(...fillPublic, [...tools.vite, 'build']) };
const browser: Step = { name: 'browser', needsChromium: true, run: vitest };
/** What `browser` asks of the CPU, asked of WebGPU. */
const webgpu: Step = { name: 'webgpu', needsChromium: true, run: vitest };
const e2e: Step = { name: 'e2e', needsChromium: true, run: playwright };

const all = [typecheck, lint, models, unit, build, browser, webgpu, e2e];
const WIDTH = Math.max(...all.map(({ name }) => name.length));

const { only, full } = new Command('npm test --')
  .description('Types, lint, tests in Node and in Chromium, the build, and the tests of the built page.')
  .addOption(new Option('--only <step>', 'run one step (e2e tests what "build" left)').choices(all.map((s) => s.name)))
  .option('--full', 'the long sweeps too, and the engine on WebGPU throughout: hours on a software adapter', false)
  .parse()
  .opts<{ only?: string; full: boolean }>();
if (full) process.env['TEST_FULL'] = '1';

/** Lanes of steps that run beside each other, stage by stage. Both that start Chromium are in one lane (docs/decisions/0010). */
const stages: readonly (readonly (readonly Step[])[])[] = [
  [[models]],
  [
    [typecheck, lint, unit],
    [build, browser, ...(full || only === webgpu.name ? [webgpu] : []), e2e],
  ],
];
const isChosen = ({ name }: Step) => only === undefined || name === only;
const chosen = stages.map((lanes) => lanes.map((lane) => lane.filter(isChosen)));

const begin = performance.now();
const secondsSince = (from: number): number => Math.round((performance.now() - from) / 1000);
const tests: Report['tests'][number][] = [];
const flaky: string[] = [];
let counts = none.counts;
const failed: string[] = [];

/** The steps one after the other; the first that fails ends all lanes. */
async function runLane(lane: readonly Step[]): Promise<void> {
  for (const { name, run } of lane) {
    if (abort.signal.aborted) return;
    console.log(`== ${name}`);
    const from = performance.now();
    const result = await run(name);
    // What another step's failure broke off has not failed itself.
    const outcome = result.ok ? 'ok' : abort.signal.aborted ? 'broken off' : 'failed';
    console.log(`== ${name}: ${outcome} in ${secondsSince(from)} s`);
    counts = sum(counts, result.counts);
    tests.push(...result.tests);
    flaky.push(...result.flaky);
    if (result.ok) continue;
    if (outcome === 'failed') failed.push(name);
    abort.abort();
  }
}

try {
  // The processes that follow take the same one.
  if (chosen.flat(2).some(({ needsChromium }) => needsChromium)) process.env['CHROMIUM'] = ensureChromium();
  for (const lanes of chosen) await Promise.all(lanes.map(runLane));
} catch (error) {
  abort.abort();
  console.error(error instanceof Error ? error.message : error);
  failed.push('set-up');
} finally {
  await rm(reports, { recursive: true, force: true });
}
if (abort.signal.aborted && failed.length === 0) failed.push('broken off');

const slowest = tests.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, 10);
if (slowest.length > 0) {
  console.log('\nSlowest tests:');
  for (const { name, milliseconds } of slowest)
    console.log(`${(milliseconds / 1000).toFixed(1).padStart(8)} s  ${name}`);
}
if (flaky.length > 0) console.log('\nFailed at first, passed when repeated:', ...flaky.map((name) => `\n  ${name}`));
const seconds = secondsSince(begin);
console.log(`\nIn all ${Math.floor(seconds / 60)} min ${seconds % 60} s`);
if (failed.length > 0) {
  const [step = ''] = failed;
  const isStep = all.some(({ name }) => name === step);
  console.log(`Failed: ${failed.join(', ')}${isStep ? `. By itself: npm test -- --only ${step}` : ''}`);
  process.exitCode = 1;
  // What broke off, or is no test, counts as one failure: a failed run never says "0 failed".
  if (counts.failed === 0) counts = sum(counts, { ...none.counts, failed: 1 });
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
