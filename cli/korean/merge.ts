/** `npm run korean -- merge` */
import { MergeChecks, type CheckName, type CheckResult } from '#core/tokenizer/korean/checks.ts';
import { mergeTokenizerJson, requireBase } from '#core/tokenizer/korean/merge.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { requireTokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { CommandError } from '../shared/errors.ts';
import { readPackFile } from '../shared/pack-file.ts';
import { Pause, progressBar } from '../shared/progress.ts';
import { requireNewFile, writeNewFile } from '../shared/write-file.ts';
import { readBase, tokenizerOf } from './base-tokenizer.ts';
import { encodingNote } from './text-file.ts';
import { decomposedNote, eachLine } from './text-lines.ts';

export interface MergeFlags {
  base: string;
  pack: string;
  out: string;
  text: string[];
  nfc: boolean;
}

const MEANING: Record<CheckName, string> = {
  reachable: 'every new token is reached by its own text',
  'none-longer': 'no text gets longer',
  'others-unchanged': 'text without characters of the pack’s scripts keeps its ids',
  'same-text': 'ids decode to the same text as with the base',
};

/** Writes the merged tokenizer.json if every check on it passes. */
export async function merge(flags: MergeFlags, io: CommandIo): Promise<void> {
  await requireNewFile(flags.out);
  const { pack } = await readPackFile(flags.pack);
  const base = await readBase(flags.base);
  requireBase(pack, base.sha256);
  const json = mergeTokenizerJson(requireTokenizerJson(base.json), pack);
  const text = JSON.stringify(json, undefined, base.indented ? 2 : undefined);

  // The checks run on the text that is going to be written.
  const merged = tokenizerOf(flags.out, JSON.parse(text));
  const checks = new MergeChecks(base.tokenizer, merged, pack);
  await checkVocabularies(checks, pack, base.tokenizer.size, io);
  for (const path of flags.text) {
    const file = await eachLine(path, (line) => checks.add(line), { signal: io.signal, nfc: flags.nfc });
    const { lines, decomposed } = file;
    for (const note of [
      encodingNote(path, file),
      decomposedNote(`${path}: ${decomposed} of ${lines} lines`, decomposed, flags.nfc),
    ]) {
      if (note !== undefined) printLine(io.stderr, note);
    }
  }
  const results = checks.all();
  for (const result of results) printLine(io.stdout, lineOf(result));
  const failed = results.filter((result) => result.failed > 0);
  if (failed.length > 0)
    throw new CommandError(`${failed.length} of ${results.length} checks failed; nothing was written`);

  await writeNewFile(flags.out, text);
  const last = pack.firstId + pack.merges.length - 1;
  printLine(
    io.stdout,
    `${flags.out}: ${pack.merges.length} new tokens, ids ${pack.firstId} to ${last}, ${last + 1} rows`,
  );
}

async function checkVocabularies(checks: MergeChecks, pack: Pack, baseSize: number, io: CommandIo): Promise<void> {
  const bar = progressBar(io.stderr, pack.merges.length + baseSize, { label: 'checking' });
  const pause = new Pause(io.signal);
  try {
    for (const steps of [checks.addNewTokens(), checks.addBaseTokens()]) {
      for (const done of steps) {
        bar.add(1);
        if (done % 256 === 0) await pause.ifDue();
      }
    }
  } finally {
    bar.stop();
  }
}

function lineOf({ name, tried, failed, examples }: CheckResult): string {
  if (failed === 0) return `ok      ${MEANING[name]} (${tried} tried)`;
  return `FAILED  ${MEANING[name]}: ${failed} of ${tried}, such as ${examples.map((text) => JSON.stringify(text)).join(', ')}`;
}
