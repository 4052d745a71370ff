import type { JobId, Listener } from '#core/protocol/engine.ts';
import { LabFailureError } from '#core/protocol/tokenizer.ts';
import {
  HELD_OUT_EVERY,
  type LessonsApi,
  type NewTokensReply,
  type PackRequest,
  type TrainingEvent,
  type TrainingRequest,
  type CompareMethodsReply,
  type CompareMethodsRequest,
} from '#core/protocol/vocabulary.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { TRAINING_DEFAULTS } from '#core/tokenizer/korean/train.ts';
import { baseSubwords } from '#core/tokenizer/korean/subwords.ts';
import { failureOf, RunningJob } from '../tokenizer/jobs.ts';
import { utf8Text } from '../tokenizer/json-text.ts';
import type { Base } from '../tokenizer/read-tokenizer.ts';
import { TokenizerRegistry } from '../tokenizer/registry.ts';
import { sha256 } from '../store/sha256.ts';
import { train } from './training.ts';
import { MergeMethods } from './merge-methods.ts';

/** Larger texts are for the command line, which streams them. */
const largestText = 100_000_000;

export class Lessons implements LessonsApi {
  readonly #registry = new TokenizerRegistry();
  #methods: { pack: string; made: Promise<MergeMethods> } | undefined;

  async compare({ base, pack, text }: CompareMethodsRequest): Promise<CompareMethodsReply> {
    try {
      if (this.#methods?.pack !== pack) this.#methods = { pack, made: this.#makeMethods(base, pack) };
      const methods = await this.#methods.made;
      return { type: 'done', size: methods.pack.merges.length, ...methods.compare(text) };
    } catch (error) {
      // The next try fetches again.
      this.#methods = undefined;
      return { type: 'failed', failure: failureOf(error) };
    }
  }

  async newTokens({ base, pack }: PackRequest): Promise<NewTokensReply> {
    try {
      const { tokenizer } = await this.#loadBase(base);
      const read = await this.#loadPack(pack);
      const subwords = baseSubwords(read, (piece) => tokenizer.idOf(piece));
      const tokens = read.merges.map(([left, right], index) => ({
        id: read.firstId + index,
        piece: left + right,
        subwords: (subwords[index] ?? []).map((id) => ({ id, piece: tokenizer.pieceOf(id) ?? '' })),
      }));
      return { type: 'done', tokens };
    } catch (error) {
      return { type: 'failed', failure: failureOf(error) };
    }
  }

  async train(_job: JobId, request: TrainingRequest, on: Listener<TrainingEvent>): Promise<void> {
    try {
      await on(await this.#train(request, on));
    } catch (error) {
      await on({ type: 'failed', failure: failureOf(error) });
    }
  }

  async #train(request: TrainingRequest, on: Listener<TrainingEvent>): Promise<TrainingEvent> {
    const { tokens, minFrequency } = request;
    const { bytes, file } = await textFile(request.text);
    const text = utf8Text(bytes, file);
    const base = await this.#loadBase(request.base);
    const trained = await train(base.tokenizer, { text, tokens, minFrequency }, on);
    if (trained.type === 'failed') return trained;
    const { merges, lines, point } = trained;
    const { longest, scripts, superwords, nfc } = TRAINING_DEFAULTS;
    const shape = { longest, scripts: scripts.join(','), superwords, nfc };
    const pack: Pack = {
      format: 'medgemma-ko-lab/korean/1',
      name: request.name,
      base: { sha256: base.sha256, size: base.tokenizer.size },
      firstId: base.tokenizer.size,
      corpus: { sha256: await sha256(bytes), lines, notice: noticeOf(request.text) },
      method: 'bpe',
      options: { tokens, minFrequency, ...shape, heldOutEvery: HELD_OUT_EVERY },
      merges,
    };
    return { type: 'done', pack, point };
  }

  async #makeMethods(base: string, pack: string): Promise<MergeMethods> {
    const { tokenizer } = await this.#loadBase(base);
    return new MergeMethods(tokenizer, await this.#loadPack(pack));
  }

  /** The base comes first. */
  async #loadPack(url: string): Promise<Pack> {
    const { pack } =
      this.#registry.get(url) ?? (await this.#registry.load(url, { type: 'pack', url }, unstoppable(), () => {}));
    if (!pack) throw new LabFailureError('not-a-tokenizer', { file: url, reason: 'not a pack' });
    return pack;
  }

  async #loadBase(url: string): Promise<Base> {
    if (!this.#registry.get('base')) await this.#registry.load('base', { type: 'base', url }, unstoppable(), () => {});
    return this.#registry.base;
  }
}

/** What is to be stopped here is ended with its worker. */
function unstoppable(): RunningJob {
  return new RunningJob(() => false);
}

async function textFile(source: TrainingRequest['text']): Promise<{ bytes: Uint8Array<ArrayBuffer>; file: string }> {
  if (source.type === 'text') return { bytes: new TextEncoder().encode(source.text), file: '' };
  const { name, file } = source;
  if (file.size > largestText)
    throw new LabFailureError('too-large', { file: name, bytes: file.size, limit: largestText });
  return { bytes: new Uint8Array(await file.arrayBuffer()), file: name };
}

function noticeOf(source: TrainingRequest['text']): string {
  const origin = source.type === 'file' ? `The file ${source.name}` : 'A text';
  return `${origin}, given by whoever trained this pack in the browser; its licence is theirs to know. The text itself is not in here.`;
}
