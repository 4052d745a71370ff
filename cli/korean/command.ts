/** Command line of the Korean vocabulary: `npm run korean -- --help`. */
import type { Command } from 'commander';
import { TRAINING_DEFAULTS } from '#core/tokenizer/korean/train.ts';
import { createCommand, runCommand, type CommandIo } from '../shared/command.ts';
import { commaList, wholeNumber } from '../shared/options.ts';
import { inspect, type InspectFlags } from './inspect.ts';
import { measure, type MeasureFlags } from './measure.ts';
import { merge, type MergeFlags } from './merge.ts';
import { train, type TrainFlags } from './train.ts';
import { collectTexts } from './weighted-text.ts';

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    await createProgram(io).parseAsync(args, { from: 'user' });
  });
}

function createProgram(io: CommandIo): Command {
  const program = createCommand('korean', io).description(
    'Makes a Korean vocabulary for a tokenizer, merges it in, and measures what it saves.',
  );

  program
    .command('train')
    .description('Learns new tokens from a text by continuing the byte-pair encoding of the base tokenizer.')
    .requiredOption('--base <file>', 'tokenizer.json to extend')
    .requiredOption(
      '--text <file[:weight]>',
      'training text, one sentence a line: UTF-8, UTF-16 or CP949; gzip too. Give the option once for each text. FILE:3 counts each of its words 3 times, FILE:40% makes its words 40 % of all that are counted',
      collectTexts,
    )
    .requiredOption('--tokens <number>', 'largest number of new tokens', wholeNumber(1))
    .requiredOption('--out <file>', 'the pack; must not exist')
    .option(
      '--cap <times>',
      'count a word at most so often between the same two neighbours; 0: always',
      wholeNumber(0),
      TRAINING_DEFAULTS.cap,
    )
    .option(
      '--min-frequency <times>',
      'merge only pairs that occur at least this often',
      wholeNumber(1),
      TRAINING_DEFAULTS.minFrequency,
    )
    .option(
      '--longest <characters>',
      'longest piece; the “▁” of the space does not count',
      wholeNumber(1),
      TRAINING_DEFAULTS.longest,
    )
    .option('--scripts <list>', 'scripts of the characters in new pieces, by their Unicode names', commaList, [
      ...TRAINING_DEFAULTS.scripts,
    ])
    .option('--punctuation', 'pieces may include adjacent punctuation: “다.”', false)
    .option(
      '--endings <characters>',
      'pieces may end with one of these characters, such as ".,": “다.”',
      TRAINING_DEFAULTS.endings,
    )
    .option('--superwords', 'pieces may include spaces: “할▁수”; needs memory in proportion to the text', false)
    .option('--nfc', 'normalize the text to NFC first: composes decomposed Hangul', false)
    .option(
      '--from-sentencepiece <file>',
      'take the frequent pieces of this .model or tokenizer.json instead (the filter of EEVE)',
    )
    .option('--name <name>', 'name of the pack (default: ko- and the number of tokens)')
    .option('--notice <text>', 'origin of the text and its terms', '')
    .action((flags: TrainFlags) => train(flags, io));

  program
    .command('merge')
    .description('Appends a pack to the tokenizer.json it was made for, checks the result and writes it.')
    .requiredOption('--base <file>', 'tokenizer.json that the pack was made for')
    .requiredOption('--pack <file>', 'pack that `train` wrote')
    .requiredOption('--out <file>', 'the merged tokenizer.json; must not exist')
    .option('--text <file...>', 'texts for the checks, in addition to every entry of both vocabularies', [])
    .option('--nfc', 'normalize these texts to NFC first: composes decomposed Hangul', false)
    .action((flags: MergeFlags) => merge(flags, io));

  program
    .command('measure')
    .description('Compares tokenizers on a text or on English–Korean pairs. The first one is the baseline.')
    .requiredOption('--tokenizer <file...>', 'tokenizer.json or SentencePiece .model, one or several')
    .option('--text <file...>', 'text, one sentence a line: UTF-8, UTF-16 or CP949; gzip too')
    .option('--pairs <file...>', 'table of English and Korean sentences, such as TSV or CSV; gzip too')
    .option('--by-source', 'measure several files, each in a row of its own', false)
    .option('--nfc', 'normalize the text to NFC first: composes decomposed Hangul', false)
    .option('--examples <number>', 'number of sentences to show of those that change most', wholeNumber(0), 3)
    .option('--json', 'print JSON', false)
    .action((flags: MeasureFlags) => measure(flags, io));

  program
    .command('inspect')
    .description('Prints the content of a pack and checks that it is well formed.')
    .requiredOption('--pack <file>', 'pack that `train` wrote')
    .option('--merges <number>', 'merges to show from the start and from the end', wholeNumber(0), 10)
    .action((flags: InspectFlags) => inspect(flags, io));

  return program;
}
