/**
 * A package made in the built page from a checkpoint on localhost, against `npm run export` with the same options in the same run: seconds, bytes file by
 * file, heaps of the page and its workers, and frames. Each round is the command line, then the page in a fresh profile. Prints a table and the bars,
 * and fails when one is not met. Needs free disk space of twice the package: `--scratch` for the command line's, TMPDIR for the browser's.
 *
 *     npm run random-checkpoint -- --preset medgemma-4b --out CHECKPOINT && npm run build && npx tsx bench/make.ts --checkpoint CHECKPOINT
 *     npm run random-checkpoint -- --preset tiny --out TINY && npx tsx bench/make.ts --checkpoint TINY --pack none --context 2048
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { countParameters } from '#core/gemma3/parameters.ts';
import { parseConfig } from '#core/gemma3/config.ts';
import { RECOMMENDED_PACK, SHIPPED_PACKS, shippedPack } from '#core/tokenizer/korean/shipped-packs.ts';
import { parseManifest, type ManifestFile } from '#core/protocol/manifest.ts';
import { runStep, type StepResult } from '../cli/rehearse/step.ts';
import { openBrowser } from './browser.ts';
import { CuttingServer } from './cutting-server.ts';
import { pictureOfFailure } from './failure-picture.ts';
import { machine } from './machine.ts';
import { MakeVisit, type MakeChoices } from './make-visit.ts';
import { PageHeaps } from './page-heaps.ts';
import { built, quantile } from './site.ts';

type Method = MakeChoices['method'];

const PACKS = [...SHIPPED_PACKS.map(({ name }) => name), 'none'];

const flags = new Command('make')
  .requiredOption('--checkpoint <folder>', 'folder with config.json and safetensors')
  .addOption(new Option('--methods <list...>', 'how scales are chosen').choices(['round', 'search']).default(['round']))
  .addOption(new Option('--dtype <dtype>').choices(['q4f16', 'q4', 'q8']).default('q4f16'))
  .addOption(new Option('--pack <name>', 'Korean pack').choices(PACKS).default(RECOMMENDED_PACK))
  .addOption(new Option('--context <tokens>').choices(['2048', '4096', '8192', '16384', '32768']).default('8192'))
  .option('--rounds <n>', 'of each method', Number, 1)
  .option('--no-export', 'the page alone: no ratio, and no bytes to compare with')
  .option(
    '--no-self-test',
    'stop when the last byte is written: computing what the model must answer takes minutes where the CPU can hold it',
  )
  .option('--minutes <count>', 'patience for each step', Number, 60)
  .option('--scratch <folder>', 'where the command line writes its package', tmpdir())
  .parse()
  .opts<{
    checkpoint: string;
    methods: Method[];
    dtype: string;
    pack: string;
    context: string;
    rounds: number;
    export: boolean;
    selfTest: boolean;
    minutes: number;
    scratch: string;
  }>();

/** Seconds of the page, as a multiple of those of the command line. */
const MOST_RATIO: Readonly<Record<Method, number>> = { round: 1.3, search: 1.5 };
/** Of JavaScript heaps and what they own, WebAssembly memories too. */
const HEAP_BYTES = 600e6;
/** Between two looks at the heaps, which take processor time. */
const HEAP_MILLISECONDS = 500;
/** A frame that takes longer is noticed. */
const FRAME_MILLISECONDS = 50;
/** The last part of the address, which the page takes for its name. */
const NAME = 'package';

const checkpoint = resolve(flags.checkpoint);
const korean = (pack: string) => fileURLToPath(new URL(`../public/korean/${pack}.json`, import.meta.url));
const never = new AbortController();

/** `npm run export` without the self-test, whose seconds are the runtime's. */
async function exported(method: Method): Promise<{ step: StepResult; files: Readonly<Record<string, ManifestFile>> }> {
  const out = await mkdtemp(join(flags.scratch, 'medgemma-ko-lab-make-'));
  try {
    const args = ['--checkpoint', checkpoint, '--out', out, '--name', NAME, '--no-self-test', '--no-adapter'];
    args.push('--dtype', flags.dtype, '--method', method, '--context', flags.context);
    if (flags.pack !== 'none') args.push('--korean', korean(flags.pack));
    const io = { stdout: process.stderr, stderr: process.stderr, signal: never.signal };
    const step = await runStep({ name: 'export', entry: 'export/main.ts', args }, io);
    const { files } = parseManifest(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')));
    return { step, files };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

async function made(method: Method) {
  const server = await CuttingServer.start(built, checkpoint);
  // A small file: the page itself is opened when the samplers run.
  const browser = await openBrowser(`${server.url}package/config.json`, 'no');
  const heaps = new PageHeaps(await browser.context.newCDPSession(browser.page), HEAP_MILLISECONDS);
  await browser.page.setViewportSize({ width: 1440, height: 900 });
  const visit = new MakeVisit(browser.page, server.url, flags.minutes * 60_000);
  try {
    await visit.open();
    const facts = await visit.inspect(`${server.url}${NAME}/`, {
      ...{ dtype: flags.dtype, method, pack: shippedPack(flags.pack), context: Number(flags.context) },
    });
    console.log(`\n${method}, before: ${facts}`);
    const before = heaps.now;
    heaps.take();
    // The self-test has the heap of an engine.
    const making = await visit.make(() => heaps.take(), flags.selfTest);
    const heap = making.written;
    console.log(`${method}, at the end: ${making.text.replaceAll(/\s+/gu, ' ')}`);
    const files = await visit.storedFiles(NAME);
    return { ...making, before, heap, files, sentBytes: server.sentBytes };
  } catch (error) {
    await pictureOfFailure(browser.page, 'make');
    throw error;
  } finally {
    heaps.stop();
    await browser.close();
    await server.close();
  }
}

/** Files that are not the same, by path. */
function differing(a: Readonly<Record<string, ManifestFile>>, b: Readonly<Record<string, ManifestFile>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path]?.sha256 !== b[path]?.sha256);
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const rows: string[][] = [];
const bars: { name: string; atMost: string; measured: string; isMet: boolean }[] = [];

function bar(name: string, atMost: number, measured: number, show: (value: number) => string): void {
  bars.push({ name, atMost: show(atMost), measured: show(measured), isMet: measured <= atMost });
}

const config = parseConfig(JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8')));
for (const line of await machine()) console.log(line);
console.log(
  `${basename(checkpoint)}: ${(countParameters(config) / 1e9).toFixed(2)} G parameters; --dtype ${flags.dtype} --pack ${flags.pack} --context ${flags.context}`,
);
for (let round = 1; round <= flags.rounds; round++)
  for (const method of flags.methods) {
    const line = flags.export ? await exported(method) : undefined;
    const page = await made(method);
    const heap = page.heap.used + page.heap.backing;
    const slow = page.frames.filter((frame) => frame > FRAME_MILLISECONDS);
    const ratio = line && page.seconds / line.step.seconds;
    rows.push([
      flags.rounds > 1 ? `${method}, ${round}` : method,
      line?.step.seconds.toFixed(1) ?? '–',
      page.seconds.toFixed(1),
      ratio?.toFixed(2) ?? '–',
      flags.selfTest ? page.finishSeconds.toFixed(1) : '–',
      line ? megabytes(line.step.peakBytes) : '–',
      `${megabytes(page.heap.used)} + ${megabytes(page.heap.backing)}`,
      `${megabytes(page.before.used)} + ${megabytes(page.before.backing)}`,
      String(page.heap.workers),
      String(page.frames.length),
      `${quantile(page.frames, 0.5).toFixed(0)}, ${quantile(page.frames, 0.99).toFixed(0)}, ${quantile(page.frames, 1).toFixed(0)}`,
      String(slow.length),
      `${page.tasks.length}, ${Math.max(0, ...page.tasks).toFixed(0)}`,
      megabytes(page.sentBytes),
    ]);
    if (ratio !== undefined) bar(`${method}: page ÷ export`, MOST_RATIO[method], ratio, (value) => value.toFixed(2));
    bar(`${method}: heaps, MB`, HEAP_BYTES, heap, megabytes);
    bar(`${method}: frames over ${FRAME_MILLISECONDS} ms`, 0, slow.length, String);
    if (line) bar(`${method}: files that differ`, 0, differing(line.files, page.files).length, String);
  }

const heads = [
  ...['scales', 'export, s', 'page, s', 'page ÷ export', 'self-test, s', 'export, peak MB', 'heaps at most, MB'],
  ...['heaps before, MB', 'workers', 'frames', 'frame 50 %, 99 %, most, ms', 'over 50 ms'],
  ...['tasks over 50 ms, longest', 'sent, MB'],
];
console.log(
  `\n| ${heads.join(' | ')} |\n| --- | ${heads
    .slice(1)
    .map(() => '--:')
    .join(' | ')} |`,
);
for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
console.log('\n| bar | at most | measured | |\n| --- | --: | --: | --- |');
for (const { name, atMost, measured, isMet } of bars) {
  console.log(`| ${name} | ${atMost} | ${measured} | ${isMet ? 'met' : 'not met'} |`);
  if (!isMet) process.exitCode = 1;
}
