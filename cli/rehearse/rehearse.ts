/** The steps of a rehearsal: checkpoint, export, check, self-test, answer. */
import { mkdir, readdir, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import type { Dtype } from '#core/gemma3/dtype.ts';
import { VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { packageSizes, type FileSizes } from '#core/gemma3/package-plan.ts';
import { countParameters } from '#core/gemma3/parameters.ts';
import type { QuantMethod } from '#core/quant/settings.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { readPackFile } from '../shared/pack-file.ts';
import { isPublished, presetConfig, type PresetName } from '../shared/presets.ts';
import { megabytes, sum } from './report.ts';
import { runStep, type Step, type StepResult } from './step.ts';

export interface RehearsalOptions {
  shape: PresetName;
  /** Holds `checkpoint` and `package`. */
  out: string;
  layers?: number;
  dtype: Dtype;
  /** Default: the exporter's. */
  method?: QuantMethod;
  keep: boolean;
}

export interface Rehearsal {
  machine: string[];
  steps: StepResult[];
  /** Of graphs and weights, from the shape. */
  predicted: FileSizes;
  /** Of every file of the package. */
  measured: FileSizes;
  /** Bytes of the package on the disk, where a file with two names is there once. */
  packageBytes: number;
}

/** Name of the step that the bars are about. */
export const EXPORT = 'export';

const KOREAN_PACK = fileURLToPath(new URL('../../public/korean/ko-8960.json', import.meta.url));
const BLOCK_SIZE = 32;
const CONTEXT = 8192;
const ANSWER_TOKENS = 8;
const QUESTION = '폐렴의 증상은 무엇인가요?';
/** Of tokenizers and configuration beside the weights of checkpoint and package, at most. */
const OTHER_BYTES = 100e6;

/**
 * @throws CommandError where `out` holds something, the disk is too full, or a step fails; what was made is then removed,
 *   unless `keep`
 */
export async function rehearse(options: RehearsalOptions, io: CommandIo): Promise<Rehearsal> {
  const { shape, out, layers, dtype, keep } = options;
  const config = parseConfig(presetConfig(shape, layers));
  const korean = isPublished(shape) ? KOREAN_PACK : undefined;
  const predicted = packageSizes(korean === undefined ? config : await grown(config, korean), {
    dtype,
    visionDtype: VISION_DTYPE[dtype],
    blockSize: BLOCK_SIZE,
    positions: CONTEXT,
  });
  // bfloat16.
  const checkpointBytes = countParameters(config) * 2;
  const madeOut = await mkdir(out, { recursive: true });
  const paths = { checkpoint: join(out, 'checkpoint'), package: join(out, 'package') };
  const machine = describeMachine();
  const steps: StepResult[] = [];
  let begun = false;
  try {
    await requireEmpty(out);
    begun = true;
    await requireSpace(out, checkpointBytes + sum(predicted) + OTHER_BYTES);
    for (const step of stepsOf(options, paths, korean)) {
      printLine(io.stderr, `\n${step.name}: ${step.entry} ${step.args.join(' ')}`);
      steps.push(await runStep(step, io));
    }
    return { machine, steps, predicted, ...(await sizesIn(paths.package)) };
  } finally {
    if (begun && !keep) for (const path of Object.values(paths)) await rm(path, { recursive: true, force: true });
    if (madeOut !== undefined && !keep) await removeEmpty(resolve(out), madeOut);
  }
}

function stepsOf(
  { shape, layers, dtype, method }: RehearsalOptions,
  paths: { checkpoint: string; package: string },
  korean: string | undefined,
): Step[] {
  const exportArgs = ['--checkpoint', paths.checkpoint, '--out', paths.package, '--dtype', dtype, '--random-weights'];
  exportArgs.push('--context', String(CONTEXT), '--block-size', String(BLOCK_SIZE));
  exportArgs.push('--name', `${shape}, random weights`);
  if (method !== undefined) exportArgs.push('--method', method);
  if (korean !== undefined) exportArgs.push('--korean', korean);
  return [
    {
      name: 'checkpoint',
      entry: 'random-checkpoint/main.ts',
      args: [
        '--preset',
        shape,
        '--out',
        paths.checkpoint,
        ...(layers === undefined ? [] : ['--layers', String(layers)]),
      ],
    },
    { name: EXPORT, entry: 'export/main.ts', args: exportArgs },
    { name: 'check', entry: 'rehearse/check-main.ts', args: [paths.package] },
    // The export runs it in a child process, so the row "export" does not count its memory.
    { name: 'self-test', entry: 'export/self-test-main.ts', args: [paths.package] },
    {
      name: 'answer',
      entry: 'generate/main.ts',
      args: ['--package', paths.package, '--max-tokens', String(ANSWER_TOKENS), QUESTION],
    },
  ];
}

/** The configuration with the tokens of a pack. */
async function grown(config: Gemma3Config, path: string): Promise<Gemma3Config> {
  const { pack } = await readPackFile(path);
  const vocabularySize = Math.max(config.text.vocabularySize, pack.firstId + pack.merges.length);
  return { ...config, text: { ...config.text, vocabularySize } };
}

/** Removes empty folders from `folder` up to `top`. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  for (let path = folder; path.startsWith(top); path = dirname(path)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

async function requireEmpty(out: string): Promise<void> {
  const [first] = await readdir(out);
  if (first !== undefined)
    throw new CommandError(`${out} already holds something (${first}); name a new or empty folder with --out`);
}

async function requireSpace(out: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(out);
  const free = bavail * bsize;
  if (free < bytes)
    throw new CommandError(
      `no space left in ${out}: checkpoint and package take ${megabytes(bytes)}, ${megabytes(free)} are free; free some, or name another disk with --out`,
    );
}

async function sizesIn(folder: string): Promise<Pick<Rehearsal, 'measured' | 'packageBytes'>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = new Map<string, number>();
  const onDisk = new Map<number, number>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size, ino } = await stat(path);
    sizes.set(path.slice(folder.length + 1).replaceAll('\\', '/'), size);
    onDisk.set(ino, size);
  }
  return { measured: sizes, packageBytes: sum(onDisk) };
}

function describeMachine(): string[] {
  const processors = cpus();
  const load = loadavg().map((value) => value.toFixed(2));
  return [
    `${processors[0]?.model ?? 'unknown CPU'}, ${processors.length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`,
    `load average before: ${load.join(' ')}`,
  ];
}
