/**
 * Answers of a teaching package to questions about phantoms, by the page's engine in Node: without prompt lookup and with it, in turns.
 * Times are processor time from the first token on, in one thread.
 */
import { greyscalePng } from '#core/image/png.ts';
import { SIDE } from '#core/phantoms/phantom.ts';
import type { Pair } from '#core/phantoms/pairs.ts';
import type { PromptLookup } from '#core/protocol/engine.ts';
import type { TurnStats } from '#core/protocol/stats.ts';
import { openModel } from '../cli/shared/runtime/open-model.ts';
import { FolderReader } from '../cli/shared/folder-reader.ts';
import { TurnMeter } from '../workers/engine/generation/meter.ts';
import { runTurn } from '../workers/engine/generation/turn.ts';
import type { OpenedModel } from '../workers/engine/opened.ts';

const never = new AbortController().signal;
const modes = ['off', 'on', 'auto'] as const;

interface Answered {
  ids: number[];
  stats: TurnStats;
  /** Processor time behind the first token, in microseconds. */
  microseconds: number;
}

/** Prints tokens a run, decode time as a ratio to that without lookup, and how many answers have other tokens. */
export async function answerByEngine(
  folder: string,
  groups: readonly { pairs: readonly Pair[]; pixels: Uint8Array }[],
): Promise<void> {
  const reader = await FolderReader.open(folder, { wanted: 'package', recursive: true });
  const opened = await openModel(reader, { contextLength: 1024, threads: 1, signal: never });
  const answers: Record<PromptLookup, Answered[]> = { off: [], on: [], auto: [] };
  try {
    for (const [at, { pairs, pixels }] of groups.entries()) {
      const image = new Blob([greyscalePng(pixels, SIDE, SIDE)]);
      // Each mode is first in turn: the first one runs behind the vision encoder.
      const inTurn = modes.map((_, index) => modes[(index + at) % modes.length] ?? 'off');
      for (const { question } of pairs)
        for (const mode of inTurn) answers[mode].push(await answer(opened, image, question, mode));
    }
  } finally {
    await opened.model.dispose();
  }
  console.log(`\nThe engine in Node, one thread: ${answers.off.length} answers, in turns\n`);
  console.log(
    '| mode | tokens a run | rows a run | processor time, of off | answers with other tokens |\n| --- | --: | --: | --: | --: |',
  );
  const time = (mode: PromptLookup) => answers[mode].reduce((sum, { microseconds }) => sum + microseconds, 0);
  for (const mode of modes) {
    const all = answers[mode];
    const sum = (of: (stats: TurnStats) => number) => all.reduce((total, { stats }) => total + of(stats), 0);
    const tokens = sum(({ newTokens }) => newTokens - 1);
    const runs = mode === 'off' ? tokens : sum(({ promptLookup }) => promptLookup?.runs ?? 0);
    const others = all.filter(({ ids }, at) => ids.join() !== answers.off[at]?.ids.join()).length;
    const cells = [
      mode,
      (tokens / runs).toFixed(2),
      (1 + sum(({ promptLookup }) => promptLookup?.drafted ?? 0) / runs).toFixed(2),
      (time(mode) / time('off')).toFixed(2),
      others,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function answer(opened: OpenedModel, image: Blob, question: string, mode: PromptLookup): Promise<Answered> {
  const meter = new TurnMeter();
  const ids: number[] = [];
  let begin: NodeJS.CpuUsage | undefined;
  const content = [{ type: 'image', name: 'phantom.png', image } as const, { type: 'text', text: question } as const];
  const sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };
  const messages = [{ role: 'user', content } as const];
  const request = { messages, sampling, maxNewTokens: 100, promptLookup: mode };
  await runTurn({
    ...{ ...opened, request, signal: never, meter },
    emit(update) {
      if (update.type !== 'token') return;
      begin ??= process.cpuUsage();
      ids.push(...update.ids);
    },
  });
  const { user, system } = process.cpuUsage(begin);
  return { ids, stats: meter.stats(), microseconds: begin ? user + system : 0 };
}
