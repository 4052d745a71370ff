/** A model that says what it is told to, by the rules of the real one: it sees only tokens, masks and its cache. */
import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';
import type { EvaluatedDecoder } from '../../../cli/evaluate/decoder.ts';
import type { EvaluatedModel } from '../../../cli/evaluate/model.ts';
import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { Chat } from '../../../workers/engine/chat/chat.ts';
import { compileChatTemplate } from '../../../workers/engine/chat/template.ts';
import { loadTokenizer } from '../../../workers/engine/chat/tokenizer.ts';

const VOCABULARY = 512;
const TOKENS_PER_IMAGE = 4;
/** What an image's embeddings count as. */
const IMAGE = 500;

export interface ScriptedModel extends EvaluatedModel {
  /** Every token that was computed, once for each time. */
  computed: number[];
}

const files = standInTokenizer();
const { tokenizer, names } = loadTokenizer(files.tokenizer, files.config);

/**
 * @param say from what stands in the prompt as text to the answer; the end of the turn comes behind it
 * @param sure probability of the token that it says; the rest is spread over the others
 */
export function scriptedModel(say: (prompt: string) => string, sure = 0.999): ScriptedModel {
  const idOf = (token: string) => tokenizer.idOf(token) ?? NaN;
  const chat = new Chat(tokenizer, compileChatTemplate({ source: GEMMA3_CHAT_TEMPLATE, from: 'built-in' }, names), {
    ...{ begin: '<start_of_image>', soft: '<image_soft_token>', end: '<end_of_image>', perImage: TOKENS_PER_IMAGE },
  });
  const endOfTurn = idOf('<end_of_turn>');
  const opening = [idOf('<start_of_turn>'), ...tokenizer.encode('model\n', { special: false })];
  const computed: number[] = [];

  /** The token behind a whole conversation. */
  function next(ids: readonly number[]): number {
    const start = ids.findLastIndex((_, at) => opening.every((id, i) => ids[at + i] === id));
    if (start < 0) return endOfTurn;
    const said = ids.slice(start + opening.length);
    const answer = tokenizer.encode(say(tokenizer.decode(ids.slice(0, start))), { special: false });
    return answer[said.length] ?? endOfTurn;
  }

  function logits(ids: readonly number[]): Float32Array {
    const row = new Float32Array(VOCABULARY).fill(Math.log((1 - sure) / (VOCABULARY - 1)));
    row[next(ids)] = Math.log(sure);
    return row;
  }

  /** What the cache holds. */
  let held: number[] = [];
  const append = (ids: readonly number[]) => {
    held = [...held, ...ids];
    computed.push(...ids);
  };

  const decoder: EvaluatedDecoder = {
    truncate: (length) => void (held = held.slice(0, length)),
    async prefill({ ids, mask, images }, features) {
      if (images.length > 0 && features?.length !== TOKENS_PER_IMAGE) throw new Error(`${features?.length} features`);
      const seen = ids.map((id, at) =>
        images.some(({ start, length }) => at >= start && at < start + length) ? IMAGE : id,
      );
      seen.forEach((id, at) => {
        if (mask[at] !== (id === IMAGE ? 2 : 1)) throw new Error(`token ${id} at ${at} has the mask ${mask[at]}`);
        if (at < held.length && held[at] !== id)
          throw new Error(`the cache holds ${held[at]} in place of ${id} at ${at}`);
      });
      append(seen.slice(held.length));
      return logits(held);
    },
    async run(ids) {
      const before = held.length;
      append(ids);
      return Float32Array.from(ids.flatMap((_, at) => [...logits(held.slice(0, before + at + 1))]));
    },
  };
  return {
    ...{ chat, decoder, computed, endOfTurn, positions: 1024, endTokens: new Set([1, endOfTurn]) },
    about: { package: 'scripted', dtype: 'fp32', vision_dtype: 'fp32' },
    encodeImage: () => Promise.resolve(new Float32Array(TOKENS_PER_IMAGE)),
  };
}
