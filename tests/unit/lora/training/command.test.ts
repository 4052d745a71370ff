/** `npm run lora` on a small model with random weights: the files, the figures, and errors that name what is wrong. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { readAdapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { main } from '../../../../cli/lora/command.ts';
import { writePhantomSet } from '../../../../cli/phantoms/phantom-set.ts';
import { StoppedError } from '../../../../cli/shared/errors.ts';
import { fileSource } from '../../../reference/node.ts';
import { collectingIo, runCommandHere } from '../../cli/run.ts';
import { exportRandomTeachingModel, folderOfFile } from '../../evaluate/packages.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = await folderOfFile();
const questions = join(folder, 'set/questions.jsonl');
let package_: string;
beforeAll(async () => {
  package_ = await exportRandomTeachingModel(folder, 'q4');
  await writePhantomSet({
    ...{ out: join(folder, 'set'), task: 'patient-side', split: 'train', seed: 0, count: 6, questions: 1 },
  });
});

const train = (out: string, ...rest: string[]) =>
  runCommandHere(main, [
    '--package',
    package_,
    '--data',
    questions,
    '--out',
    join(folder, out),
    '--rank',
    '2',
    ...rest,
  ]);

const files = ['README.md', 'adapter_config.json', 'adapter_model.safetensors'];

interface Printed {
  steps: { loss: number; step: number }[];
  heldOut: { step: number; loss: number; rows: number; exact: number }[];
}

describe('a run', () => {
  let printed: Printed;
  let progress: string;

  beforeAll(async () => {
    const { status, stdout, stderr } = await train(
      'one',
      '--steps',
      '12',
      '--batch',
      '8',
      '--report-every',
      '6',
      ...['--rate', '0.03', '--warmup', '1'],
      '--json',
    );
    expect([status, stderr.includes('error')]).toEqual([0, false]);
    printed = JSON.parse(stdout);
    progress = stderr;
  });

  it('lowers the loss, and measures what is held out', () => {
    const losses = printed.steps.map(({ loss }) => loss);
    expect(losses).toHaveLength(12);
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? NaN));
    expect(printed.heldOut.map(({ step }) => step)).toEqual([0, 6, 12]);
    expect(printed.heldOut.at(-1)?.loss).toBeLessThan(printed.heldOut[0]?.loss ?? NaN);
    expect(progress).toMatch(/\nstep 6\/12 {2}loss \d\.\d{4} {2}held out \d\.\d{4}, word for word \d+\.\d % of \d+/u);
  });

  it('writes PEFT’s two files, which are an adapter of the model', async () => {
    expect((await readdir(join(folder, 'one'))).sort()).toEqual(files);
    const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(folder, path), 'utf8'));
    const source = fileSource(join(folder, 'one/adapter_model.safetensors'));
    const config = parseConfig(await json(`${package_.slice(folder.length)}/config.json`));
    const { modules } = await readAdapter(parseAdapterConfig(await json('one/adapter_config.json')), source, config);
    expect(modules.map(({ layer, target, rank, scale }) => [layer, target, rank, scale])).toEqual(
      [0, 1].flatMap((layer) => ['q_proj', 'v_proj', 'o_proj'].map((target) => [layer, target, 2, 2])),
    );
    for (const { b } of modules) expect(Math.max(...b)).toBeGreaterThan(0);
  });

  it('writes what was measured on the card', async () => {
    const card = await readFile(join(folder, 'one/README.md'), 'utf8');
    expect(card).toContain('The examples of `questions.jsonl`.');
    const points = printed.heldOut.map(({ step, loss, exact, rows }, at) => {
      const since = printed.steps.slice(printed.heldOut[at - 1]?.step ?? 0, step);
      const mean = since.reduce((sum, each) => sum + each.loss, 0) / since.length;
      return `| ${step} | ${since.length > 0 ? mean.toFixed(4) : '–'} | ${loss.toFixed(4)} | ${exact} / ${rows} |`;
    });
    expect(card).toContain(points.join('\n'));
  });

  it('Ctrl-C after the third step: what is trained is written', async () => {
    const stop = new AbortController();
    let text = '';
    const stderr = new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        text += String(chunk);
        if (String(chunk).startsWith('step 3/')) stop.abort(new StoppedError('SIGINT'));
        done();
      },
    });
    const out = join(folder, 'late');
    const args = ['--package', package_, '--data', questions, '--out', out, '--batch', '4', '--report-every', '3'];
    expect(await main(args, { ...collectingIo(stop.signal).io, stderr })).toBe(130);
    expect(text).toContain(`stopped by SIGINT; ${out} has the adapter as it was then`);
    expect(text).not.toContain('step 4/');
    expect((await readdir(out)).sort()).toEqual(files);
    expect(await readFile(join(out, 'README.md'), 'utf8')).toContain('It was stopped after 3 of 300 steps.');
    const header = await readHeader(fileSource(join(out, 'adapter_model.safetensors')));
    // A and B of three projections in two layers.
    expect(header.tensors.size).toBe(2 * 3 * 2);
  });

  it('a rate of 0 learns nothing, and says so', async () => {
    const { status, stderr } = await train('rate-0', '--steps', '1', '--rate', '0');
    expect(status).toBe(0);
    expect(stderr).toContain('note: with --rate 0 nothing is learnt');
  });

  it('gives the same adapter with the same seed, and another with another', async () => {
    const file = async (out: string, seed: string) => {
      const { status } = await train(out, '--steps', '2', '--batch', '4', '--threads', '1', '--seed', seed);
      expect(status).toBe(0);
      return readFile(join(folder, out, 'adapter_model.safetensors'));
    };
    const first = await file('seed-1', '1');
    expect(first.equals(await file('seed-1-again', '1'))).toBe(true);
    expect(first.equals(await file('seed-2', '2'))).toBe(false);
  });
});

describe('what cannot be trained', () => {
  const data = async (name: string, lines: object[]): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return path;
  };
  /** Its first line says too little, in CP949: {"question": "병변이 있나요"}. */
  const cp949 = async (): Promise<string> => {
    const path = join(folder, 'cp949.jsonl');
    const korean = [0xba, 0xb4, 0xba, 0xaf, 0xc0, 0xcc, 0x20, 0xc0, 0xd6, 0xb3, 0xaa, 0xbf, 0xe4];
    await writeFile(path, Buffer.concat([Buffer.from('{"question": "'), Buffer.from(korean), Buffer.from('"}\n')]));
    return path;
  };
  const five = Array.from({ length: 5 }, (_, at) => ({ question: `Which? ${at}`, answer: 'This.' }));

  it.each<[string, () => Promise<string[]>, string]>([
    [
      'a projection that is not there',
      async () => ['--targets', 'q,x'],
      'There is no projection "x"; choose from q, k, v, o, gate, up, down, or all.',
    ],
    ['a rank beyond the matrices', async () => ['--rank', '65'], 'rank 65 is more than q_proj has'],
    [
      'an image that is not there',
      async () => ['--data', await data('no-image.jsonl', [...five, { ...five[0], image: 'gone.png' }])],
      'no-image.jsonl, line 6: ',
    ],
    [
      'a row of images.npy that is not there',
      async () => ['--data', await data('set/beyond.jsonl', [...five, { ...five[0], image: 6 }])],
      'images.npy has 6 images, and image 6 is asked for',
    ],
    [
      'a file that is no data',
      async () => ['--data', join(folder, 'set/images.npy')],
      'images.npy is no text that can be read; expected',
    ],
    ['texts of Korean Excel, read as what they are', async () => ['--data', await cp949()], 'read as CP949'],
    ['a folder with something in it', async () => ['--out', join(folder, 'set')], 'set'],
  ])('%s', async (_, args, message) => {
    const { status, stderr } = await train('wrong', ...(await args()));
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(await readdir(folder)).not.toContain('wrong');
    expect(await readdir(folder)).not.toContain('wrong.partial');
  });

  it('Ctrl-C leaves nothing behind', async () => {
    const stop = new AbortController();
    stop.abort(new StoppedError('SIGINT'));
    const args = ['--package', package_, '--data', questions, '--out', join(folder, 'stopped')];
    const { status, stderr } = await runCommandHere(main, args, stop.signal);
    expect(status).toBe(130);
    expect(stderr).toContain('stopped by SIGINT; no adapter was written');
    expect((await readdir(folder)).filter((name) => name.startsWith('stopped'))).toEqual([]);
  });
});
