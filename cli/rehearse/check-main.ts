/** A step of `npm run rehearse`: `tsx cli/rehearse/check-main.ts PACKAGE`. */
import { printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { runProcess } from '../shared/process.ts';
import { checkPackage } from './check-package.ts';

await runProcess(([folder = '.']: readonly string[], io: CommandIo) =>
  runCommand(io, async () => {
    const { files, bytes } = await checkPackage(folder);
    printLine(io.stdout, `${folder}: ${files} files, ${bytes} bytes, as manifest.json lists them`);
  }),
);
