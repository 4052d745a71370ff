/** Command line of the booth: `npm run booth -- --help`. */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { PORT } from './texts.ts';
import { writeStick, type StickOptions } from './write-stick.ts';

const BUILT_PAGE = fileURLToPath(new URL('../../dist', import.meta.url));

interface Flags extends Omit<StickOptions, 'packages' | 'page'> {
  package?: string[];
  page?: string;
}

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const {
      package: packages = [],
      page = BUILT_PAGE,
      ...flags
    } = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    const { files, bytes } = await writeStick({ ...flags, packages, page }, io);
    printLine(io.stdout, `${flags.out}: ${files} files, ${(bytes / 1e6).toFixed(1)} MB`);
    printLine(io.stdout, `start: node serve.mjs there, or what README.md says; then http://localhost:${PORT}/`);
  });
}

function createProgram(io: CommandIo): Command {
  return createCommand('booth', io)
    .description(
      'Writes a folder, for a USB stick, that shows the page with a package on a computer without a network: the built page, packages, a small server, checksums, and how to start.',
    )
    .option('--package <folder>', 'model package; repeat it for several, of which the first is opened', collect)
    .requiredOption('--out <folder>', 'folder on the stick; must be new or empty')
    .option('--page <folder>', 'built page (default: dist, which npm run build makes)')
    .option('--kiosk', 'the page keeps no conversation, for a machine that many people use', false);
}

function collect(folder: string, before: string[] = []): string[] {
  return [...before, folder];
}
