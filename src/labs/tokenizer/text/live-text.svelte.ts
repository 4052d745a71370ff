import { FailureError } from '#core/failure.ts';
import { CONTINUED, type EditReply, type TokenizerKey, type TokensByUnit } from '#core/protocol/tokenizer.ts';
import { editBetween } from '#core/tokenizer/text/text-edit.ts';
import type { TokenizerWorker } from '../../../workers/tokenizer-worker.ts';

/** A sentence through one tokenizer; entries as in `TokensByUnit`. */
export interface UnitTokens {
  key: TokenizerKey;
  ids: Int32Array;
  ends: Int32Array;
  marks: Uint8Array;
  /** Tokens that begin here. */
  count: number;
}

export interface Unit {
  /** Stays while its text is edited. */
  id: number;
  text: string;
  lanes: readonly UnitTokens[];
  /** The first of a group: browsers draw or pass over a group as a whole. */
  opens: boolean;
}

/** A unit alone would be too little: whether it is in view is looked up several times a keystroke. */
const groupSize = 12;

/** In groups that stay the same around an edit. */
export function groupsOf(units: readonly Unit[]): Unit[][] {
  const groups: Unit[][] = [];
  for (const unit of units) {
    const last = groups.at(-1);
    if (last && !unit.opens) last.push(unit);
    else groups.push([unit]);
  }
  return groups;
}

type Units = EditReply & { type: 'units' };

/**
 * The text of the lab and its segmentations. At most one edit is on its way to the worker; what is typed meanwhile goes
 * with the next one, so that nothing piles up behind a slow tokenizer.
 */
export class LiveText {
  #text = $state('');
  units = $state.raw<readonly Unit[]>([]);
  /** Milliseconds of the worker for the last edit, by tokenizer. */
  milliseconds = $state.raw<ReadonlyMap<TokenizerKey, number>>(new Map());
  #keys: readonly TokenizerKey[] = [];
  #sent = '';
  #sentKeys: readonly TokenizerKey[] = [];
  #version = 0;
  #wantsAll = true;
  #sending: Promise<void> | undefined;
  #recovered = false;
  #made = 0;

  /** @param restored resolves when a worker that was replaced has its tokenizers again */
  constructor(
    private readonly worker: TokenizerWorker,
    private readonly restored: () => Promise<void>,
  ) {}

  get text(): string {
    return this.#text;
  }

  set text(text: string) {
    this.#text = text;
    void this.#pump();
  }

  /** The tokenizers that take part, in order. */
  use(keys: readonly TokenizerKey[]): void {
    this.#keys = keys;
    void this.#pump();
  }

  /** The worker was replaced, and knows nothing of the text. */
  resend(): void {
    this.#wantsAll = true;
    void this.#pump();
  }

  /** Resolves when `units` are of the text as it stands. */
  settle(): Promise<void> {
    return this.#pump();
  }

  #pump(): Promise<void> {
    this.#sending ??= this.#catchUp().finally(() => {
      this.#sending = undefined;
      // Something may have been set between the last look and now.
      if (this.#isBehind()) void this.#pump();
    });
    return this.#sending;
  }

  async #catchUp(): Promise<void> {
    while (this.#isBehind()) {
      if (!(await this.#send())) await this.#recover();
    }
  }

  /** The worker broke off, and a new one knows nothing. Once: what breaks the next one too is not tried forever. */
  async #recover(): Promise<void> {
    this.#wantsAll = true;
    if (this.#recovered) {
      this.#keys = [];
      this.units = [];
      return;
    }
    this.#recovered = true;
    await this.restored();
  }

  #isBehind(): boolean {
    return this.#keys.length > 0 && (this.#text !== this.#sent || this.#keys !== this.#sentKeys || this.#wantsAll);
  }

  /** @returns false when the worker broke off */
  async #send(): Promise<boolean> {
    const text = this.#text;
    const keys = this.#keys;
    const all = this.#wantsAll || keys !== this.#sentKeys;
    const edit = all ? { start: 0, end: 0, insert: text } : editBetween(this.#sent, text);
    const version = ++this.#version;
    const request = { version, scope: all ? 'all' : 'edit', edit, keys } as const;
    let reply: EditReply;
    try {
      ({ reply } = await this.worker.ask('edit', request));
    } catch (error) {
      if (error instanceof FailureError) return false;
      throw error;
    }
    if (reply.type === 'units' && reply.lanes.length < keys.length) return false;
    this.#recovered = false;
    this.#sent = text;
    this.#sentKeys = keys;
    this.#wantsAll = reply.type === 'resend';
    if (reply.type === 'units') this.#take(reply, text, all);
    return true;
  }

  #take(reply: Units, text: string, all: boolean): void {
    const before = all ? [] : this.units;
    const head = before.slice(0, reply.keptStart);
    const tail = before.slice(before.length - reply.keptEnd);
    const from = head.reduce((sum, unit) => sum + unit.text.length, 0);
    const gone = before.slice(reply.keptStart, before.length - reply.keptEnd);
    this.units = [...head, ...this.#unitsOf(reply, text, from, gone), ...tail];
    this.milliseconds = new Map(reply.lanes.map((lane) => [lane.key, lane.milliseconds]));
  }

  /** @param gone the units in whose place these stand: one for one, they keep their elements on the page */
  #unitsOf({ lengths, lanes }: Units, text: string, start: number, gone: readonly Unit[]): Unit[] {
    const next = lanes.map((lane) => laneReader(lane));
    let from = start;
    return Array.from(lengths, (length, index) => {
      const unit: Unit = {
        id: (gone.length === lengths.length ? gone[index]?.id : undefined) ?? ++this.#made,
        text: text.slice(from, from + length),
        lanes: next.map((read) => read()),
        opens: index === 0 ? (gone[0]?.opens ?? false) : index % groupSize === 0,
      };
      from += length;
      return unit;
    });
  }
}

/** Hands out the lanes of one unit after the other, as views of the arrays that came. */
function laneReader({ key, counts, ids, ends, marks }: TokensByUnit): () => UnitTokens {
  let unit = 0;
  let from = 0;
  return () => {
    const to = from + (counts[unit++] ?? 0);
    const continued = ((marks[from] ?? 0) & CONTINUED) !== 0 && to > from;
    const lane = {
      key,
      ids: ids.subarray(from, to),
      ends: ends.subarray(from, to),
      marks: marks.subarray(from, to),
      count: to - from - (continued ? 1 : 0),
    };
    from = to;
    return lane;
  };
}
