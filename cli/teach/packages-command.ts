/** Command line that makes the q4 packages of the teaching models: `npm run models`. */
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { makePackages, SHIPPED } from './teaching-packages.ts';

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    createCommand('models', io)
      .description(
        'Makes the q4 packages in public/models from the fp16 checkpoints beside them. A package that is up to date is kept.',
      )
      .parse(args, { from: 'user' });
    await makePackages({ ...SHIPPED, signal: io.signal, log: (text) => printLine(io.stdout, text) });
  });
}
