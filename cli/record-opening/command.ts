/** Command line of `npm run record-opening -- --help`. */
import { fileURLToPath } from 'node:url';
import { DEFAULT_PACKAGE } from '#core/protocol/default-package.ts';
import type { RecordedAnswer, Recording } from '#core/phantoms/recording.ts';
import { createCommand, printLine, runCommand, type CommandIo } from '../shared/command.ts';
import { replaceFile, requireReplaceableFile } from '../shared/write-file.ts';
import { recordOpening } from './record.ts';

interface Flags {
  package: string;
  out: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(io, async () => {
    const { package: folder, out } = createProgram(io).parse(args, { from: 'user' }).opts<Flags>();
    await requireReplaceableFile(out);
    const recording = await recordOpening(folder, io.signal);
    await replaceFile(out, textOf(recording));
    for (const { language, question, tokens } of recording.answers)
      printLine(io.stdout, `${language}  ${question} → ${tokens.map(({ text }) => text).join('')}`);
  });
}

function createProgram(io: CommandIo) {
  return createCommand('record-opening', io)
    .description(
      'Records the answers that the page plays until its model is open: the shipped model answers on the CPU, and the ids, ' +
        'texts and times of its tokens are written.',
    )
    .option('--package <folder>', 'the model that answers', `${root}public/models/${DEFAULT_PACKAGE.folder}`)
    .option('--out <file>', 'the recording', `${root}src/labs/chat/demonstration/recording.json`);
}

/** One token a line, as Prettier leaves it. */
function textOf({ model, answers }: Recording): string {
  const one = ({ set, index, language, question, tokens }: RecordedAnswer) =>
    `    {
      "set": ${set},
      "index": ${index},
      "language": ${JSON.stringify(language)},
      "question": ${JSON.stringify(question)},
      "tokens": [
${tokens
  .map(({ id, text, milliseconds }) => {
    return `        { "id": ${id}, "text": ${JSON.stringify(text)}, "milliseconds": ${milliseconds} }`;
  })
  .join(',\n')}
      ]
    }`;
  return `{
  "model": ${JSON.stringify(model)},
  "answers": [
${answers.map(one).join(',\n')}
  ]
}
`;
}
