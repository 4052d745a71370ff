/**
 * What a run of the decoder costs by the number of its rows, and what prompt lookup wins with that: the page's engine in Node.
 *
 *     npx tsx bench/verify-runs.ts --package DIR [--context N] [--rounds N] [--tokens N]
 *
 * Times are processor time in one thread, medians of rounds that alternate, as ratios to one row or to decoding token by token. Drafts are the answer itself, with a wrong
 * token after every few right ones, so any model will do, one with random weights too. Prints also how many greedy choices differ
 * between runs of one row and of eight.
 */
import { Command } from 'commander';
import { RunTimes } from '#core/prompt-lookup/run-times.ts';
import type { DraftMode } from '#core/prompt-lookup/drafter.ts';
import { openModel } from '../cli/shared/runtime/open-model.ts';
import { FolderReader } from '../cli/shared/folder-reader.ts';
import { wholeNumber } from '../cli/shared/options.ts';
import { decodeGreedy } from '../workers/engine/generation/decode.ts';
import { prefill } from '../workers/engine/generation/prefill.ts';
import { decodeWithLookup } from '../workers/engine/generation/prompt-lookup.ts';
import { int64Tensor } from '../workers/engine/model/backend.ts';
import { textMask } from '../workers/engine/model/decoder.ts';
import type { LoadedModel } from '../workers/engine/model/load.ts';

const flags = new Command('verify-runs')
  .requiredOption('--package <folder>', 'a model package')
  .option('--context <n>', 'tokens before the runs', wholeNumber(2), 128)
  .option('--rounds <n>', 'rounds', wholeNumber(1), 5)
  .option('--tokens <n>', 'tokens of an answer', wholeNumber(8), 48)
  .parse()
  .opts<{ package: string; context: number; rounds: number; tokens: number }>();

const never = new AbortController().signal;
const rowCounts = [1, 2, 4, 8];

async function main(): Promise<void> {
  const reader = await FolderReader.open(flags.package, { wanted: 'package', recursive: true });
  const contextLength = flags.context + flags.tokens + 16;
  const { model } = await openModel(reader, { contextLength, threads: 1, signal: never });
  try {
    if (!model.decoder.canVerify) throw new Error('the decoder of this package cannot verify drafts');
    await rows(model);
    await choices(model);
    await answers(model);
  } finally {
    await model.dispose();
  }
}

/** Ids of a text that repeats nothing; the same ones each time. */
function idsOf(count: number, { info }: LoadedModel): number[] {
  return Array.from({ length: count }, (_, at) => 300 + ((at * 7919 + 13) % (info.vocabularySize - 300)));
}

async function computed(model: LoadedModel, ids: readonly number[]): Promise<number> {
  model.decoder.truncate(0);
  const prompt = { ids: [...ids], mask: ids.map(() => textMask), images: [] };
  const features = () => {
    throw new Error('there are no images');
  };
  const done = await prefill({ model, prompt, features, want: 'token', signal: never, onChunk: () => undefined });
  return done?.token ?? -1;
}

async function run({ decoder, embedding, backend }: LoadedModel, ids: readonly number[]): Promise<number[]> {
  return decoder.runTokens(await embedding.embed(int64Tensor(backend, ids, [1, ids.length])), ids.length);
}

async function rows(model: LoadedModel): Promise<void> {
  await computed(model, idsOf(flags.context, model));
  const ids = idsOf(8, model);
  const times = new Map<number, number[]>(rowCounts.map((count) => [count, []]));
  const backs: number[] = [];
  for (let round = 0; round < flags.rounds + 1; round++)
    for (const count of rowCounts) {
      const begin = processorTime();
      await run(model, ids.slice(0, count));
      const end = processorTime();
      model.decoder.truncate(flags.context);
      // The first round is to warm up.
      if (round === 0) continue;
      times.get(count)?.push(end - begin);
      backs.push(processorTime() - end);
    }
  const one = median(times.get(1) ?? []);
  console.log(
    `\n${flags.context} tokens before; one row takes ${one.toFixed(1)} ms, taking rows back ${median(backs).toFixed(1)} ms\n`,
  );
  console.log('| rows | time, of one row |\n| --: | --: |');
  for (const count of rowCounts) console.log(`| ${count} | ${(median(times.get(count) ?? []) / one).toFixed(2)} |`);
}

async function choices(model: LoadedModel): Promise<void> {
  const text = idsOf(flags.context + 8 * 16, model);
  const chosen: Record<number, number[]> = {};
  for (const count of [1, 8]) {
    await computed(model, text.slice(0, flags.context));
    const found: number[] = [];
    for (let at = flags.context; at + count <= flags.context + flags.tokens; at += count)
      found.push(...(await run(model, text.slice(at, at + count))));
    chosen[count] = found;
  }
  const pairs = (chosen[8] ?? []).map((id, at) => [id, chosen[1]?.[at]] as const);
  console.log(
    `\nGreedy choices that differ: ${pairs.filter(([one, other]) => one !== other).length} of ${pairs.length}`,
  );
}

async function answers(model: LoadedModel): Promise<void> {
  const prompt = idsOf(flags.context, model);
  const answer = (await decoded(model, prompt)).ids;
  console.log(`\n${flags.tokens} tokens; time to decode them, of that without lookup\n`);
  console.log(
    '| right before a wrong token | mode | tokens a run | rows a run | time | same ids |\n| --: | --- | --: | --: | --: | --- |',
  );
  for (const right of [3, Infinity]) {
    const quoted = answer.map((id, at) => (at % (right + 1) === right ? (id + 1) % model.info.vocabularySize : id));
    const ways = ['off', 'on', 'auto'] as const;
    const found = new Map<string, Awaited<ReturnType<typeof decoded>>[]>(ways.map((way) => [way, []]));
    // Kept through the rounds, as through a conversation.
    const times = new RunTimes();
    for (let round = 0; round < flags.rounds; round++)
      for (const way of ways)
        found.get(way)?.push(await decoded(model, prompt, way === 'off' ? undefined : { mode: way, times, quoted }));
    const time = (way: string) => median((found.get(way) ?? []).map(({ milliseconds }) => milliseconds));
    for (const way of ['on', 'auto']) {
      const all = found.get(way) ?? [];
      const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
      const runs = sum(({ counts }) => counts.runs);
      const cells = [
        right === Infinity ? 'all' : right,
        way,
        (sum(({ ids }) => ids.length - 1) / runs).toFixed(2),
        (1 + sum(({ counts }) => counts.drafted) / runs).toFixed(2),
        (time(way) / time('off')).toFixed(2),
        all.every(({ ids }) => ids.join() === answer.join()) ? 'yes' : 'no',
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

/** Decodes behind the prompt. @param lookup `quoted` is what is drafted from */
async function decoded(
  model: LoadedModel,
  prompt: readonly number[],
  lookup?: { mode: DraftMode; times: RunTimes; quoted: readonly number[] },
) {
  const first = await computed(model, prompt);
  const { backend, embedding, decoder, info } = model;
  const ids: number[] = [];
  const counts = { runs: 0, drafted: 0, accepted: 0 };
  const endTokens = new Set<number>();
  const onToken = (id: number) => void ids.push(id);
  const input = { backend, embedding, decoder, endTokens, limit: flags.tokens, signal: never, onToken };
  const begin = processorTime();
  if (lookup) {
    const { mode, times, quoted } = lookup;
    const from = { ids: [...quoted], mask: quoted.map(() => textMask) };
    await decodeWithLookup(input, first, { mode, times, prompt: from, vocabularySize: info.vocabularySize, counts });
  } else await decodeGreedy(input, first);
  return { ids, counts, milliseconds: processorTime() - begin };
}

/** Milliseconds that this process has computed; what others do on the machine does not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}

await main();
