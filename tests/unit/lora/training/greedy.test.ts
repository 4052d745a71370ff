/** The greedy answer asks for one token after another, and ends where the model, the limit or the graph ends. */
import { expect, it } from 'vitest';
import { greedyAnswer } from '#core/lora/training/greedy.ts';
import type { Feeds, Results } from '#core/lora/training/run-graph.ts';

const END = 9;
const prompt = { ids: [2, 7, 1], mask: [1, 2, 1], images: [{ start: 1, features: Float32Array.of(0.5) }] };

/** A model of one channel that counts upwards from the last token; END comes after 6. */
function counting() {
  const embedded = new Set(prompt.ids);
  const fed: (readonly number[])[] = [];
  const run = (feeds: Feeds): Promise<Results> => {
    const embeds = Array.from(feeds['inputs_embeds']?.data ?? [], Number);
    fed.push(embeds);
    const last = embeds.at(-1) ?? NaN;
    const asked = Number(feeds['answer_positions']?.data[0]);
    if (asked !== embeds.length - 1) throw new Error(`asks for the token behind ${asked} of ${embeds.length}`);
    return Promise.resolve(new Map([['predicted_ids', BigInt64Array.of(BigInt(last < 6 ? last + 1 : END))]]));
  };
  const embeddings = {
    hidden: 1,
    of: (id: number) => {
      if (!embedded.has(id)) throw new RangeError(`${id} was not embedded`);
      return Float32Array.of(id);
    },
    add: (ids: Iterable<number>) => {
      for (const id of ids) embedded.add(id);
      return Promise.resolve();
    },
  };
  return { run, embeddings, fed };
}

it.each([
  ['the end token', 160, 512, [2, 3, 4, 5, 6]],
  ['the limit', 2, 512, [2, 3]],
  // The last run has four tokens, and its token needs no position.
  ['the last position', 160, 4, [2, 3]],
])('ends at %s', async (_, limit, positions, expected) => {
  const { run, embeddings, fed } = counting();
  const options = { endTokens: new Set([END]), limit, positions };
  expect(await greedyAnswer(run, embeddings, Float32Array.of(1), prompt, options)).toEqual(expected);
  expect(fed.slice(0, 2)).toEqual([
    [2, 0.5, 1],
    [2, 0.5, 1, 2],
  ]);
});
