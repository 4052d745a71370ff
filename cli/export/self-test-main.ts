/** A process of the exporter: `tsx cli/export/self-test-main.ts PACKAGE` prints the package's self-test as JSON. */
import { printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { FolderReader } from '../shared/folder-reader.ts';
import { nodeBackend } from '../shared/runtime/node-backend.ts';
import { runProcess } from '../shared/process.ts';
import { loadModel } from '../../workers/engine/model/load.ts';
import { readParts } from '../../workers/engine/opened.ts';
import { recordSelfTest } from '../../workers/engine/self-test/record.ts';

/** Longer than any prompt of the test. */
const contextLength = 1024;

await runProcess(([folder = '.']: readonly string[], io: CommandIo) =>
  runCommand(io, async () => {
    const { pack, chat } = await readParts(await FolderReader.open(folder, { wanted: 'package', recursive: true }));
    const model = await loadModel(pack, nodeBackend(), { contextLength }, io.signal, () => undefined);
    printLine(io.stdout, JSON.stringify(await recordSelfTest(model, chat, io.signal)));
  }),
);
