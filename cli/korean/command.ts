/** Command line of the Korean vocabulary: `npm run korean -- --help`. */
import type { Command } from 'commander';
import { TRAINING_DEFAULTS } from '#core/tokenizer/korean/train.ts';
import { createCommand, runCommand, type CommandIo } from '../shared/command.ts';
import { commaList, wholeNumber } from '../shared/options.ts';
import { inspect, type InspectFlags } from './inspect.ts';
import { measure, type MeasureFlags } from './measure.ts';
import { merge, type MergeFlags } from './merge.ts';
import { train, type TrainFlags } from './train.ts';

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
    .description('Chooses new tokens on a text: byte-pair encoding continued where the base tokenizer stopped.')
    .requiredOption('--base <file>', 'tokenizer.json to be continued')
    .requiredOption('--text <file>', 'training text in UTF-8, one sentence a line; gzip too')
    .requiredOption('--tokens <number>', 'new tokens at most', wholeNumber(1))
    .requiredOption('--out <file>', 'the pack; must not exist')
    .option(
      '--min-frequency <times>',
      'a pair that stands in the text less often is not merged',
      wholeNumber(1),
      TRAINING_DEFAULTS.minFrequency,
    )
    .option(
      '--longest <characters>',
      'longest piece, the “▁” of the space not counted',
      wholeNumber(1),
      TRAINING_DEFAULTS.longest,
    )
    .option('--scripts <list>', 'scripts whose characters new pieces hold, as Unicode names them', commaList, [
      ...TRAINING_DEFAULTS.scripts,
    ])
    .option('--punctuation', 'pieces may hold punctuation beside them: “다.”', false)
    .option('--superwords', 'pieces may reach across spaces: “할▁수”; memory grows with the text', false)
    .option('--no-nfc', 'take the text as it is, not in Unicode’s composed form')
    .option(
      '--from-sentencepiece <file>',
      'take the frequent pieces of this .model or tokenizer.json instead (EEVE’s filter)',
    )
    .option('--name <name>', 'name of the pack (default: ko- and the number of tokens)')
    .option('--notice <text>', 'where the text came from and under what terms', '')
    .action((flags: TrainFlags) => train(flags, io));

  program
    .command('merge')
    .description('Appends a pack to the tokenizer.json it was made for, checks the result and writes it.')
    .requiredOption('--base <file>', 'tokenizer.json that the pack continues')
    .requiredOption('--pack <file>', 'pack that `train` wrote')
    .requiredOption('--out <file>', 'the merged tokenizer.json; must not exist')
    .option('--text <file...>', 'texts to try the checks on, besides every entry of both vocabularies', [])
    .action((flags: MergeFlags) => merge(flags, io));

  program
    .command('measure')
    .description(
      'Compares tokenizers on a text or on English–Korean pairs; the first is what the others are held against.',
    )
    .requiredOption('--tokenizer <file...>', 'tokenizer.json or SentencePiece .model, one or several')
    .option('--text <file>', 'text in UTF-8, one sentence a line; gzip too')
    .option('--pairs <file>', 'English, tab, Korean; one pair a line; gzip too')
    .option('--examples <number>', 'sentences shown of those that change most', wholeNumber(0), 3)
    .option('--json', 'print JSON', false)
    .action((flags: MeasureFlags) => measure(flags, io));

  program
    .command('inspect')
    .description('Shows what a pack holds and whether it is well formed.')
    .requiredOption('--pack <file>', 'pack that `train` wrote')
    .option('--merges <number>', 'merges shown from both ends', wholeNumber(0), 10)
    .action((flags: InspectFlags) => inspect(flags, io));

  return program;
}
