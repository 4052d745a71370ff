/** `npm run korean -- train` */
import { basename } from 'node:path';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { VocabularyTrainer, type TrainingOptions } from '#core/tokenizer/korean/train.ts';
import { writePack } from '#core/tokenizer/korean/write-pack.ts';
import { readAnyTokenizer } from './any-tokenizer.ts';
import { readBase } from './base-tokenizer.ts';
import { KoreanError } from './errors.ts';
import { refuseOccupied, writeWhole } from '../shared/files.ts';
import { Pause, progressBar } from './progress.ts';
import { eachLine, packedSize, type TextFile } from './text-lines.ts';

export interface TrainFlags extends Omit<TrainingOptions, 'wordLimit'> {
  base: string;
  text: string;
  tokens: number;
  out: string;
  /** Intermediate tokenizer whose pieces are taken (EEVE's filter), instead of byte-pair encoding. */
  fromSentencepiece?: string;
  name?: string;
  notice: string;
}

/** Writes the pack and says what it holds. */
export async function train(flags: TrainFlags): Promise<void> {
  await refuseOccupied(flags.out);
  const size = await packedSize(flags.text);
  const base = await readBase(flags.base);
  const { minFrequency, longest, scripts, punctuation, superwords, nfc } = flags;
  const options = { minFrequency, longest, scripts, punctuation, superwords, nfc };
  const trainer = new VocabularyTrainer(base.tokenizer, options);

  const corpus = await readText(flags.text, size, trainer);
  const filtered =
    flags.fromSentencepiece === undefined ? undefined : await filter(trainer, flags.fromSentencepiece, flags.tokens);
  await prepare(trainer);
  const before = trainer.tokens;
  const merges = await chosen(trainer, filtered?.merges.length ?? flags.tokens, filtered?.merges);
  if (merges.length === 0) {
    throw new KoreanError(
      `${flags.text} holds no pair of ${scripts.join(' or ')} pieces that stands there ${minFrequency} times; nothing was written`,
    );
  }
  const pack: Pack = {
    format: 'medgemma-ko-lab/korean/1',
    name: flags.name ?? `ko-${merges.length}`,
    base: { sha256: base.sha256, size: base.tokenizer.size },
    firstId: base.tokenizer.size,
    corpus: { ...corpus, notice: flags.notice },
    method: filtered ? 'sentencepiece-filter' : 'bpe',
    options: {
      ...{ tokens: flags.tokens, minFrequency, longest, scripts: scripts.join(','), punctuation, superwords, nfc },
      ...filtered?.options,
      ...(trainer.droppedWords > 0 && { droppedWords: trainer.droppedWords }),
    },
    merges,
  };
  await writeWhole(flags.out, writePack(pack));
  if (merges.length < flags.tokens) {
    console.error(
      `warning: only ${merges.length} of ${flags.tokens} tokens: no further ${filtered ? 'piece' : 'pair'} stands in the text ${minFrequency} times`,
    );
  }
  if (flags.notice === '') console.error('warning: no --notice: the pack does not say where its text came from');
  const saved = ((1 - trainer.tokens / before) * 100).toFixed(1);
  const dropped = trainer.droppedWords > 0 ? `, ${trainer.droppedWords} occurrences of rare words left out` : '';
  console.log(`${flags.out}: ${pack.name}, ${merges.length} tokens from ${corpus.lines} lines`);
  console.log(`${trainer.differentWords} different words with ${scripts.join(' or ')}${dropped}`);
  console.log(`their tokens in the text: ${before} before, ${trainer.tokens} now (−${saved} %)`);
  if (filtered) console.log(filtered.summary);
}

async function readText(path: string, size: number, trainer: VocabularyTrainer): Promise<TextFile> {
  const bar = progressBar('reading', size);
  try {
    return await eachLine(
      path,
      (line) => trainer.add(line),
      (bytes) => bar.add(bytes),
    );
  } finally {
    bar.stop();
  }
}

async function prepare(trainer: VocabularyTrainer): Promise<void> {
  const bar = progressBar('cutting', 1);
  const pause = new Pause();
  let done = 0;
  for (const share of trainer.prepare()) {
    bar.add(share - done);
    done = share;
    await pause.ifDue();
  }
  bar.stop();
}

/** The merges to make, one by one: the most frequent ones, or those given. */
async function chosen(
  trainer: VocabularyTrainer,
  tokens: number,
  given?: readonly [left: string, right: string][],
): Promise<Pack['merges']> {
  const bar = progressBar('merging', tokens);
  const pause = new Pause();
  const merges: Pack['merges'] = [];
  while (merges.length < tokens) {
    const pair = given?.[merges.length];
    const merge = pair ? trainer.join(...pair) : trainer.next();
    if (!merge) break;
    merges.push([merge.left, merge.right, merge.frequency]);
    bar.add(1);
    await pause.ifDue();
  }
  bar.stop();
  return merges;
}

async function filter(trainer: VocabularyTrainer, path: string, tokens: number) {
  const { tokenizer, sha256 } = await readAnyTokenizer(path);
  const bar = progressBar('counting', 1);
  const pause = new Pause();
  const steps = trainer.filter(tokenizer, tokens);
  let done = 0;
  for (;;) {
    const step = steps.next();
    if (step.done) {
      bar.stop();
      const { merges, candidates, chosen, between } = step.value;
      return {
        merges,
        options: { intermediate: basename(path), intermediateSha256: sha256, pieces: chosen, between },
        summary: `${candidates} pieces are frequent enough, ${chosen} taken, ${between} tokens only lead to them`,
      };
    }
    bar.add(step.value - done);
    done = step.value;
    await pause.ifDue();
  }
}
