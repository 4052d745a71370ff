/** A model that says what it is told to, by the rules of the real one: it sees only tokens, masks and its cache. */
import { Tensor } from 'onnxruntime-node';
import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';
import type { Decoder, DecoderInput, DecoderRun } from '../../../cli/evaluate/sessions.ts';
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

  async function runTokens(ids: readonly number[], rest: Omit<DecoderInput, 'input'>): Promise<DecoderRun> {
    const { mask, past, keep = 1 } = rest;
    const all = [...Array.from(past?.['ids']?.data ?? [], Number), ...ids];
    computed.push(...ids);
    if (mask.length !== all.length) throw new Error(`${mask.length} mask values for ${all.length} tokens`);
    all.forEach((id, at) => {
      if (mask[at] !== (id === IMAGE ? 2 : 1)) throw new Error(`token ${id} at ${at} has the mask ${mask[at]}`);
    });
    const kept = keep === 0 ? ids.length : keep;
    const rows = Array.from({ length: kept }, (_, i) => logits(all.slice(0, all.length - kept + i + 1)));
    return {
      logits: Float32Array.from(rows.flatMap((row) => [...row])),
      cache: { ids: new Tensor('int32', all, [all.length]) },
    };
  }

  const decoder: Decoder = {
    runTokens,
    run: ({ input, ...rest }) => {
      // The features of an image, TOKENS_PER_IMAGE of one number each.
      if (input.length !== TOKENS_PER_IMAGE) throw new Error(`${input.length} features`);
      return runTokens(new Array<number>(TOKENS_PER_IMAGE).fill(IMAGE), rest);
    },
  };
  return {
    ...{ chat, decoder, computed, endOfTurn, positions: 1024, endTokens: new Set([1, endOfTurn]) },
    about: { package: 'scripted', dtype: 'fp32', vision_dtype: 'fp32' },
    encodeImage: () => Promise.resolve(new Float32Array(TOKENS_PER_IMAGE)),
  };
}
