/** The jobs of the vocabulary worker. */
import { FailureError } from '#core/failure.ts';
import {
  HELD_OUT_EVERY,
  type CompareMethodsRequest,
  type PackRequest,
  type TrainingRequest,
  type VocabularyJobs,
} from '#core/protocol/vocabulary.ts';
import type { Pack } from '#core/tokenizer/korean/pack.ts';
import { baseSubwords } from '#core/tokenizer/korean/subwords.ts';
import { TRAINING_DEFAULTS } from '#core/tokenizer/korean/train.ts';
import type { Pausing, RunningJob } from '../jobs/running-job.ts';
import type { Handlers } from '../jobs/serve.ts';
import { sha256 } from '../store/sha256.ts';
import type { TextEncoding } from '#core/text/encoding.ts';
import { textOfFile } from '#core/text/text-file.ts';
import type { Base } from '../tokenizer/read-tokenizer.ts';
import { TokenizerRegistry } from '../tokenizer/registry.ts';
import { MergeMethods } from './merge-methods.ts';
import { train } from './training.ts';

/** Larger texts are for the command line, which streams them. */
const largestText = 100_000_000;

type Result<Name extends keyof VocabularyJobs> = Promise<VocabularyJobs[Name]['result']>;

export class VocabularyLab {
  readonly #registry = new TokenizerRegistry();
  #methods: { pack: string; made: MergeMethods } | undefined;

  readonly handlers: Handlers<VocabularyJobs> = {
    compare: { mode: 'queue', run: (request, job) => this.#compare(request, job) },
    newTokens: { mode: 'queue', run: (request, job) => this.#newTokens(request, job) },
    train: { mode: 'queue', run: (request, job) => this.#train(request, job) },
  };

  async #compare({ base, pack, text }: CompareMethodsRequest, job: Pausing): Result<'compare'> {
    if (this.#methods?.pack !== pack) this.#methods = { pack, made: await this.#makeMethods(base, pack, job) };
    const { made } = this.#methods;
    return { size: made.pack.merges.length, ...made.compare(text) };
  }

  async #newTokens({ base, pack }: PackRequest, job: Pausing): Result<'newTokens'> {
    const { tokenizer } = await this.#loadBase(base, job);
    const read = await this.#loadPack(pack, job);
    const subwords = baseSubwords(read, (piece) => tokenizer.idOf(piece));
    const tokens = read.merges.map(([left, right], index) => ({
      id: read.firstId + index,
      piece: left + right,
      subwords: (subwords[index] ?? []).map((id) => ({ id, piece: tokenizer.pieceOf(id) ?? '' })),
    }));
    return { tokens };
  }

  async #train(request: TrainingRequest, job: RunningJob<VocabularyJobs['train']>): Result<'train'> {
    const { tokens, minFrequency } = request;
    const { bytes, text, encoding } = await readText(request.text);
    const base = await this.#loadBase(request.base, job);
    const { merges, lines, point } = await train(base.tokenizer, { text, encoding, tokens, minFrequency }, job);
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
    return { pack, point };
  }

  async #makeMethods(base: string, pack: string, job: Pausing): Promise<MergeMethods> {
    const { tokenizer } = await this.#loadBase(base, job);
    return new MergeMethods(tokenizer, await this.#loadPack(pack, job));
  }

  /** Loads a pack. The base must be loaded first. */
  async #loadPack(url: string, job: Pausing): Promise<Pack> {
    const known = this.#registry.get(url);
    const { pack } = known ?? (await this.#registry.load(url, { type: 'pack', url }, job, () => {}));
    if (!pack) throw new FailureError('not-a-tokenizer', { file: url, reason: 'not a pack' });
    return pack;
  }

  async #loadBase(url: string, job: Pausing): Promise<Base> {
    if (!this.#registry.get('base')) await this.#registry.load('base', { type: 'base', url }, job, () => {});
    return this.#registry.base;
  }
}

interface TrainingText {
  bytes: Uint8Array<ArrayBuffer>;
  text: string;
  /** Set if it was guessed. */
  encoding: TextEncoding | undefined;
}

async function readText(source: TrainingRequest['text']): Promise<TrainingText> {
  if (source.type === 'text') {
    return { bytes: new TextEncoder().encode(source.text), text: source.text, encoding: undefined };
  }
  const { name, file } = source;
  if (file.size > largestText)
    throw new FailureError('too-large', { file: name, bytes: file.size, limit: largestText });
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { text, encoding, guessed } = textOfFile(bytes, name);
  return { bytes, text, encoding: guessed ? encoding : undefined };
}

function noticeOf(source: TrainingRequest['text']): string {
  const origin = source.type === 'file' ? `The file ${source.name}` : 'A text';
  return `${origin}, given by whoever trained this pack in the browser; its licence is theirs to know. The text itself is not in here.`;
}
