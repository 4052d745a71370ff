import type { JobId, Listener } from '#core/protocol/engine.ts';
import { LabFailureError } from '#core/protocol/tokenizer-lab.ts';
import {
  HELD_OUT_EVERY,
  type LessonsApi,
  type TrainingEvent,
  type TrainingRequest,
  type WaysReply,
  type WaysRequest,
} from '#core/protocol/tokenizer-lessons.ts';
import type { Pack } from '#core/tokenizer/pack.ts';
import { failureOf, RunningJob } from '../lab/jobs.ts';
import { utf8Text } from '../lab/json-text.ts';
import type { Base } from '../lab/read-tokenizer.ts';
import { Shelf } from '../lab/shelf.ts';
import { sha256 } from '../store/sha256.ts';
import { train } from './training.ts';
import { Ways } from './ways.ts';

/** Larger texts are for the command line, which streams them. */
const largestText = 100_000_000;

export class Lessons implements LessonsApi {
  readonly #shelf = new Shelf();
  #ways: { pack: string; made: Promise<Ways> } | undefined;

  async compare({ base, pack, text }: WaysRequest): Promise<WaysReply> {
    try {
      if (this.#ways?.pack !== pack) this.#ways = { pack, made: this.#makeWays(base, pack) };
      const ways = await this.#ways.made;
      return { type: 'done', size: ways.pack.merges.length, ...ways.compare(text) };
    } catch (error) {
      // The next try fetches again.
      this.#ways = undefined;
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
    const pack: Pack = {
      format: 'medgemma-ko-lab/korean/1',
      name: request.name,
      base: { sha256: base.sha256, size: base.tokenizer.size },
      firstId: base.tokenizer.size,
      corpus: { sha256: await sha256(bytes), lines, notice: noticeOf(request.text) },
      method: 'bpe',
      options: { tokens, minFrequency, heldOutEvery: HELD_OUT_EVERY },
      merges,
    };
    return { type: 'done', pack, point };
  }

  async #makeWays(baseUrl: string, packUrl: string): Promise<Ways> {
    const base = await this.#loadBase(baseUrl);
    const { pack } = await this.#shelf.load('pack', { type: 'pack', url: packUrl }, unstoppable(), () => {});
    if (!pack) throw new LabFailureError('not-a-tokenizer', { file: packUrl, reason: 'not a pack' });
    return new Ways(base.tokenizer, pack);
  }

  async #loadBase(url: string): Promise<Base> {
    if (!this.#shelf.get('base')) await this.#shelf.load('base', { type: 'base', url }, unstoppable(), () => {});
    return this.#shelf.base;
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
