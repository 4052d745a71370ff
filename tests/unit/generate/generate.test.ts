/** `npm run generate`: the page's engine in Node answers with the reference's tokens, streams, stops, and says what is wrong. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { greyscalePng } from '#core/image/png.ts';
import { main } from '../../../cli/generate/command.ts';
import { applyAdapter, openModel } from '../../../cli/shared/runtime/open-model.ts';
import { FolderReader } from '../../../cli/shared/folder-reader.ts';
import { StoppedError } from '../../../cli/shared/errors.ts';
import { writeStandInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { decodeGreedy } from '../../../workers/engine/generation/decode.ts';
import { prefill } from '../../../workers/engine/generation/prefill.ts';
import type { ImageFeatures } from '../../../workers/engine/model/vision.ts';
import type { OpenedModel } from '../../../workers/engine/opened.ts';
import { IMAGE_TOKEN, maskOf, type Golden } from '../../reference/golden.ts';
import { exportFixture, fixture, golden } from '../../reference/node.ts';
import { writeTextOnly } from '../parity/checkpoints.ts';
import { entry, runCommandHere, runNodeProcess } from '../cli/run.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const adapter = join(fixture, 'lora');
const never = new AbortController().signal;
const folder = await mkdtemp(join(tmpdir(), 'generate-test-'));
const fp32 = join(folder, 'fp32');
const textOnly = join(folder, 'text-only');
const image = join(folder, 'grey.png');
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const checkpoint = join(folder, 'checkpoint');
  await cp(join(fixture, 'checkpoint'), checkpoint, { recursive: true });
  await writeStandInTokenizer(checkpoint);
  await exportFixture(fp32, 'fp32', { checkpoint });
  await writeTextOnly(join(folder, 'text-checkpoint'));
  await writeStandInTokenizer(join(folder, 'text-checkpoint'));
  await exportFixture(textOnly, 'q4', { checkpoint: join(folder, 'text-checkpoint') });
  await writeFile(
    image,
    greyscalePng(
      Uint8Array.from({ length: 32 * 24 }, (_, at) => (at * 7) % 256),
      32,
      24,
    ),
  );
});

describe('the reference’s greedy tokens', () => {
  let reference: Golden;
  let opened: OpenedModel;
  const features: ImageFeatures[] = [];

  beforeAll(async () => {
    reference = await golden();
    const reader = await FolderReader.open(fp32, { wanted: 'package', recursive: true });
    opened = await openModel(reader, { contextLength: 128, signal: never });
    const { shape, data } = reference.tensor('pixel_values');
    const size = data.length / (shape[0] ?? 1);
    for (let at = 0; at < data.length; at += size) {
      const one = await opened.model.vision?.encode(data.slice(at, at + size), shape[2] ?? 0, never, () => undefined);
      if (one) features.push(one);
    }
  });
  afterAll(() => opened.model.dispose());

  async function answer(name: string): Promise<number[]> {
    const { model } = opened;
    const ids = reference.cases[name]?.input_ids ?? [];
    const images = ids.flatMap((id, start) =>
      id === IMAGE_TOKEN && ids[start - 1] !== IMAGE_TOKEN ? [{ start, length: 4 }] : [],
    );
    const found = await prefill({
      model,
      prompt: { ids, mask: maskOf(ids), images: images.map((span, index) => ({ ...span, index })) },
      features(index) {
        const one = features[index];
        if (!one) throw new Error(`no image ${index}`);
        return one.tensor;
      },
      want: 'token',
      signal: never,
      onChunk: () => undefined,
    });
    const answered: number[] = [];
    const rest = { endTokens: new Set<number>(), limit: 24, signal: never };
    await decodeGreedy({ ...model, ...rest, onToken: (id) => answered.push(id) }, found?.token ?? -1);
    model.decoder.truncate(0);
    return answered;
  }

  it.each(['text_short', 'text_beyond_window', 'one_image', 'two_images'])('%s', async (name) => {
    expect(await answer(name)).toEqual(reference.cases[name]?.greedy_24);
  });

  it('with an adapter, and at strength 0 without', async () => {
    const { cases } = JSON.parse(await readFile(join(fixture, 'cases.json'), 'utf8'));
    for (const name of ['text_beyond_window', 'one_image']) {
      await applyAdapter(opened, adapter, 1, never);
      expect(await answer(name)).toEqual(cases[name].lora_greedy_24);
      expect(cases[name].lora_greedy_24).not.toEqual(cases[name].greedy_24);
      await applyAdapter(opened, adapter, 0, never);
      expect(await answer(name)).toEqual(cases[name].greedy_24);
    }
  });
});

const asked = (...more: string[]) => ['--package', fp32, '--max-tokens', '8', ...more, 'Hello, 안녕'];

async function json(...more: string[]) {
  const { status, stdout, stderr } = await runCommandHere(main, asked('--json', ...more));
  expect([status, stderr]).toEqual([0, expect.stringContaining('random weights')]);
  return JSON.parse(stdout);
}

describe('the command', () => {
  it('in a process of its own: the answer on stdout, the rest on stderr', async () => {
    // Node itself, without Vite: nothing that the command imports may need a browser.
    const { status, stdout, stderr } = await runNodeProcess([...entry('generate'), ...asked()]);
    const { text, turn } = await json();
    expect([status, stdout]).toEqual([0, text === '' ? '' : `${text}\n`]);
    expect(text).not.toBe('');
    expect(stderr).toContain(
      'note: fixture fp32 has random weights, which were never trained: its answer means nothing',
    );
    expect(stderr).toMatch(new RegExp(`^prompt +${turn.prefillTokens} tokens$`, 'm'));
    for (const label of ['opened in', 'prefill', 'first token after', 'decode', 'memory, at most'])
      expect(stderr).toMatch(new RegExp(`^${label} +[\\d.]+ `, 'm'));
    expect(stderr).toMatch(/^ended by +the limit of --max-tokens$/m);
  });

  it('an image, an adapter and a system text each change what is computed', async () => {
    const plain = await json();
    const seen = await json('--image', image);
    const two = await json('--image', image, '--image', image);
    // An image is its 4 tokens, with their marks and line ends.
    expect(seen.turn.prefillTokens).toBeGreaterThan(Number(plain.turn.prefillTokens) + 4);
    expect(two.turn.prefillTokens - seen.turn.prefillTokens).toBe(seen.turn.prefillTokens - plain.turn.prefillTokens);
    expect(seen.turn.imageMilliseconds).toBeGreaterThan(0);
    expect((await json('--system', 'Be brief.')).turn.prefillTokens).toBeGreaterThan(plain.turn.prefillTokens);
    expect((await json('--adapter', adapter)).ids).not.toEqual(plain.ids);
    expect((await json('--adapter', adapter, '--strength', '0')).ids).toEqual(plain.ids);
  });

  it('prompt lookup: the same tokens in fewer runs of the decoder, and says how many', async () => {
    const plain = await json('--max-tokens', '40');
    const on = await json('--max-tokens', '40', '--prompt-lookup', 'on');
    expect(on.ids).toEqual(plain.ids);
    expect(plain.turn.promptLookup).toBeUndefined();
    const { runs, accepted } = on.turn.promptLookup;
    expect(runs).toBe(on.ids.length - 1 - accepted);
    expect(accepted).toBeGreaterThan(0);
    const { stderr } = await runCommandHere(main, asked('--max-tokens', '40', '--prompt-lookup', 'on'));
    const perRun = (on.ids.length - 1) / runs;
    expect(stderr).toMatch(new RegExp(`^prompt lookup +${perRun.toFixed(2)} tokens / run of the decoder$`, 'm'));
  });

  it('the same seed gives the same answer, another seed another', async () => {
    const hot = ['--temperature', '2', '--top-k', '0', '--top-p', '1'];
    const one = await json(...hot, '--seed', '1');
    expect((await json(...hot, '--seed', '1')).ids).toEqual(one.ids);
    expect((await json(...hot, '--seed', '2')).ids).not.toEqual(one.ids);
  });

  it('Ctrl-C ends the answer; what was said and the figures stay', async () => {
    const abort = new AbortController();
    let stdout = '';
    let stderr = '';
    const io = {
      signal: abort.signal,
      stdout: new Writable({
        write(chunk, _, done) {
          stdout += String(chunk);
          abort.abort(new StoppedError('SIGINT'));
          done();
        },
      }),
      stderr: new Writable({ write: (chunk, _, done) => done(void (stderr += String(chunk))) }),
    };
    expect(await main(['--package', fp32, '--max-tokens', '400', 'Hello'], io)).toBe(130);
    expect(stdout.trim()).not.toBe('');
    expect(stderr).toMatch(/^ended by +Stop$/m);
    expect(stderr).toMatch(/^error: stopped by SIGINT; the answer ends here$/m);
  });
});

describe('says what is wrong', () => {
  const of = (package_: string, ...rest: string[]) => ['--package', package_, ...rest];
  it.each<[string, () => string[], RegExp]>([
    ['no package', () => ['Hello'], /required option '--package <folder>' not specified/],
    ['no prompt', () => of(fp32), /^error: there is no prompt; write it last, in quotes: npm run generate/m],
    ['an empty prompt', () => of(fp32, ' '), /^error: there is no prompt/m],
    ['a prompt without quotes', () => of(fp32, 'Hello', 'there'), /too many arguments/],
    [
      '--strength alone',
      () => of(fp32, '--strength', '2', 'Hello'),
      /--strength says how much .* name one with --adapter/,
    ],
    [
      'a checkpoint',
      () => of(join(fixture, 'checkpoint'), 'Hello'),
      /this is a checkpoint in safetensors .*make a package of it: npm run export/,
    ],
    [
      'a model on the hub',
      () => of('google/medgemma-4b-it', 'Hello'),
      /hf download google\/medgemma-4b-it .*then npm run generate/,
    ],
    [
      'a prompt that is longer than the context',
      () => of(fp32, '--context', '8', 'Hello'),
      /take \d+ positions, and the context has 8; give a larger --context/,
    ],
    [
      'an image that is too long for the context',
      () => of(fp32, '--context', '16', '--image', image, 'Hello'),
      /positions, 4 for each image/,
    ],
    [
      'an image for a text-only package',
      () => of(textOnly, '--image', image, 'Hello'),
      /has no vision encoder; leave out --image/,
    ],
    [
      'an image that is none',
      () => of(fp32, '--image', join(fp32, 'config.json'), 'Hello'),
      /config\.json is .*not opened as an image; save it as PNG/,
    ],
    [
      'an image that is not there',
      () => of(fp32, '--image', join(folder, 'none.png'), 'Hello'),
      /none\.png does not exist; check the path/,
    ],
    ['an adapter that is none', () => of(fp32, '--adapter', fp32, 'Hello'), /adapter_config\.json is missing in/],
    ['a temperature below 0', () => of(fp32, '--temperature', '-1', 'Hello'), /Expected a number from 0 to 2/],
  ])('%s', async (_, given, message) => {
    const { status, stdout, stderr } = await runCommandHere(main, given());
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([1, '']);
  });

  it('a package whose weights were cut short', async () => {
    const cut = join(folder, 'cut');
    await cp(fp32, cut, { recursive: true });
    await writeFile(join(cut, 'onnx/decoder_model_merged.onnx_data'), Buffer.alloc(1000));
    const { status, stderr } = await runCommandHere(main, of(cut, 'Hello'));
    expect(stderr).toMatch(
      /^error: .*cut: onnx\/decoder_model_merged\.onnx_data is broken: it has 1000 bytes, and its graph reads \d+; download or copy it again$/m,
    );
    expect(status).toBe(1);
  });
});
