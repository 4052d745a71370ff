/** Command line of the stand-in tokenizer: `tsx cli/random-checkpoint/stand-in-tokenizer-main.ts --help`. */
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { writeStandInTokenizer } from './stand-in-tokenizer.ts';

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const program = createCommand('stand-in-tokenizer', io)
      .description('Writes a tokenizer of 512 ids for the fixture checkpoint. It is not that of Gemma 3.')
      .argument('<folder>', 'folder of the checkpoint; files of the same names are replaced')
      .parse(args, { from: 'user' });
    const [folder = ''] = program.args;
    await writeStandInTokenizer(folder);
    printLine(io.stdout, `${folder}: a stand-in tokenizer of 512 ids`);
  });
}
