/** `npm run korean -- train` */
import { basename } from 'node:path';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { VocabularyTrainer, type TrainingOptions } from '#core/tokenizer/korean/train.ts';
import { writePack } from '#core/tokenizer/korean/write-pack.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { Pause, progressBar } from '../shared/progress.ts';
import { requireNewFile, writeNewFile } from '../shared/write-file.ts';
import { readAnyTokenizer } from './any-tokenizer.ts';
import { readBase } from './base-tokenizer.ts';
import { readTexts } from './train-texts.ts';
import { type WeightedText } from './weighted-text.ts';

export interface TrainFlags extends Omit<TrainingOptions, 'wordLimit'> {
  base: string;
  text: WeightedText[];
  tokens: number;
  out: string;
  /** Intermediate tokenizer whose pieces are taken (EEVE's filter), instead of byte-pair encoding. */
  fromSentencepiece?: string;
  name?: string;
  notice: string;
}

/** Writes the pack and prints what it holds. */
export async function train(flags: TrainFlags, io: CommandIo): Promise<void> {
  await requireNewFile(flags.out);
  const base = await readBase(flags.base);
  const { minFrequency, longest, scripts, punctuation, endings, superwords, nfc, cap } = flags;
  const options = { minFrequency, longest, scripts, punctuation, endings, superwords, nfc, cap };
  const trainer = new VocabularyTrainer(base.tokenizer, options);

  const { sha256, lines, sources, decomposed } = await readTexts(flags.text, nfc, trainer, io);
  const filtered =
    flags.fromSentencepiece === undefined
      ? undefined
      : await filter(trainer, flags.fromSentencepiece, flags.tokens, io);
  await prepare(trainer, io);
  const before = trainer.tokens;
  const merges = await mergeAll(trainer, filtered?.merges.length ?? flags.tokens, filtered?.merges, io);
  if (merges.length === 0) {
    const paths = flags.text.map(({ path }) => path).join(', ');
    const wanted = scripts.join(' or ');
    if (trainer.differentWords === 0)
      throw new CommandError(
        `${paths} holds no ${wanted}${lines === 0 ? ', and no text at all' : ''}; name a text with sentences in ${wanted}, one a line; nothing was written`,
      );
    const composing = decomposed > 0 && !nfc ? '--nfc, which composes decomposed Hangul, ' : '';
    throw new CommandError(
      `${paths} holds no pair of ${wanted} pieces that stands there ${minFrequency} times; give ${composing}more text or a lower --min-frequency; nothing was written`,
    );
  }
  const pack: Pack = {
    format: 'medgemma-ko-lab/korean/1',
    name: flags.name ?? `ko-${merges.length}`,
    base: { sha256: base.sha256, size: base.tokenizer.size },
    firstId: base.tokenizer.size,
    corpus: { sha256, lines, notice: flags.notice, ...(sources && { sources }) },
    method: filtered ? 'sentencepiece-filter' : 'bpe',
    options: {
      ...{ tokens: flags.tokens, minFrequency, longest, scripts: scripts.join(','), punctuation, superwords, nfc },
      ...(endings !== '' && { endings }),
      ...(cap > 0 && { cap, cappedWords: trainer.cappedWords }),
      ...filtered?.options,
      ...(trainer.droppedWords > 0 && { droppedWords: Math.round(trainer.droppedWords) }),
    },
    merges,
  };
  await writeNewFile(flags.out, writePack(pack));
  if (merges.length < flags.tokens) {
    printLine(
      io.stderr,
      `warning: only ${merges.length} of ${flags.tokens} tokens: no further ${filtered ? 'piece' : 'pair'} stands in the text ${minFrequency} times`,
    );
  }
  if (flags.notice === '') printLine(io.stderr, 'warning: no --notice: the pack does not say where its text came from');
  const saved = ((1 - trainer.tokens / before) * 100).toFixed(1);
  const dropped =
    trainer.droppedWords > 0 ? `, ${Math.round(trainer.droppedWords)} occurrences of rare words left out` : '';
  const capped = cap > 0 ? `, ${trainer.cappedWords} occurrences above --cap left out` : '';
  printLine(io.stdout, `${flags.out}: ${pack.name}, ${merges.length} tokens from ${lines} lines`);
  printLine(io.stdout, `${trainer.differentWords} different words with ${scripts.join(' or ')}${dropped}${capped}`);
  for (const [index, times] of trainer.weights().entries()) {
    if (sources) printLine(io.stdout, `${sources[index]?.file}: a word counts ${Number(times.toFixed(3))} times`);
  }
  printLine(
    io.stdout,
    `their tokens in the text: ${Math.round(before)} before, ${Math.round(trainer.tokens)} now (−${saved} %)`,
  );
  if (filtered) printLine(io.stdout, filtered.summary);
}

async function prepare(trainer: VocabularyTrainer, io: CommandIo): Promise<void> {
  await runSteps(trainer.prepare(), 'cutting', io);
}

/** Makes merges one by one: those given, otherwise the most frequent ones. */
async function mergeAll(
  trainer: VocabularyTrainer,
  tokens: number,
  given: readonly [left: string, right: string][] | undefined,
  io: CommandIo,
): Promise<Pack['merges']> {
  const bar = progressBar(io.stderr, tokens, { label: 'merging' });
  const pause = new Pause(io.signal);
  const merges: Pack['merges'] = [];
  try {
    while (merges.length < tokens) {
      const pair = given?.[merges.length];
      const merge = pair ? trainer.join(...pair) : trainer.next();
      if (!merge) break;
      merges.push([merge.left, merge.right, Math.round(merge.frequency)]);
      bar.add(1);
      await pause.ifDue();
    }
  } finally {
    bar.stop();
  }
  return merges;
}

async function filter(trainer: VocabularyTrainer, path: string, tokens: number, io: CommandIo) {
  const { tokenizer, sha256 } = await readAnyTokenizer(path);
  const { merges, candidates, chosen, between } = await runSteps(trainer.filter(tokenizer, tokens), 'counting', io);
  return {
    merges,
    options: { intermediate: basename(path), intermediateSha256: sha256, pieces: chosen, between },
    summary: `${candidates} pieces are frequent enough, ${chosen} taken, ${between} tokens only lead to them`,
  };
}

/** Runs work that yields the share of it that is done, 0 to 1. */
async function runSteps<T>(steps: Iterator<number, T>, label: string, io: CommandIo): Promise<T> {
  const bar = progressBar(io.stderr, 1, { label });
  const pause = new Pause(io.signal);
  let done = 0;
  try {
    let step = steps.next();
    for (; !step.done; step = steps.next()) {
      bar.add(step.value - done);
      done = step.value;
      await pause.ifDue();
    }
    return step.value;
  } finally {
    bar.stop();
  }
}
