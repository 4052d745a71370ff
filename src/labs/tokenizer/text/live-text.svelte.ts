import { FailureError } from '#core/failure.ts';
import {
  CONTINUED,
  type EditReply,
  type EditRequest,
  type TokenizerKey,
  type TokensByUnit,
} from '#core/protocol/tokenizer.ts';
import { withLineFeeds } from '#core/text/line-ends.ts';
import { editBetween } from '#core/tokenizer/text/text-edit.ts';

/** The tokens of a unit in one tokenizer; entries as in `TokensByUnit`. */
export interface UnitTokens {
  key: TokenizerKey;
  ids: Int32Array;
  ends: Int32Array;
  marks: Uint8Array;
  /** Tokens that begin here. */
  count: number;
}

export interface Unit {
  /** Does not change while its text is edited. */
  id: number;
  text: string;
  lanes: readonly UnitTokens[];
  /** True if it continues the sentence of the unit before it. */
  inside: boolean;
  /** True for the first unit of a group: browsers draw or skip a group as a whole. */
  opens: boolean;
}

/** Most units of a group: single units are too small, because visibility is checked several times per keystroke. */
const groupSize = 12;
/** A group with this many UTF-16 units is complete: all of it is drawn in one task. */
const groupLength = 1200;

/** Divides units into groups that stay the same around an edit. */
export function groupsOf(units: readonly Unit[]): Unit[][] {
  const groups: Unit[][] = [];
  for (const unit of units) {
    const last = groups.at(-1);
    if (last && !unit.opens) last.push(unit);
    else groups.push([unit]);
  }
  return groups;
}

/** What the tokenizer worker does here. Rejects with a `FailureError` when it crashed. */
interface EditWorker {
  ask(name: 'edit', request: EditRequest): Promise<{ reply: EditReply }>;
}

type Units = EditReply & { type: 'units' };

/**
 * The text of the lab and its segmentations. At most one edit is in the worker; text that is typed meanwhile is sent
 * with the next one, so that edits do not queue up for a slow tokenizer.
 */
export class LiveText {
  #text = $state('');
  units = $state.raw<readonly Unit[]>([]);
  /** Number of texts so far: an edit that leaves less than half of the text makes another one of it. */
  texts = $state(0);
  /** Milliseconds that the worker took for the last edit, by tokenizer. */
  milliseconds = $state.raw<ReadonlyMap<TokenizerKey, number>>(new Map());
  #keys: readonly TokenizerKey[] = [];
  #sent = '';
  #sentKeys: readonly TokenizerKey[] = [];
  #version = 0;
  #wantsAll = true;
  #sending: Promise<void> | undefined;
  #recovered = false;
  #made = 0;

  /** @param restored resolves when the tokenizers are loaded in a new worker */
  constructor(
    private readonly worker: EditWorker,
    private readonly restored: () => Promise<void>,
  ) {}

  get text(): string {
    return this.#text;
  }

  /** A text area shows "\r\n" as "\n": what is counted is what is shown. */
  set text(text: string) {
    this.#text = withLineFeeds(text);
    void this.#pump();
  }

  /** Sets the compared tokenizers, in order. */
  use(keys: readonly TokenizerKey[]): void {
    this.#keys = keys;
    void this.#pump();
  }

  /** Sends the whole text again, because the worker was replaced. */
  resend(): void {
    this.#wantsAll = true;
    void this.#pump();
  }

  /** Resolves when `units` match the current text. */
  settle(): Promise<void> {
    return this.#pump();
  }

  #pump(): Promise<void> {
    this.#sending ??= this.#catchUp().finally(() => {
      this.#sending = undefined;
      // The text or the tokenizers may have changed since the last check.
      if (this.#isBehind()) void this.#pump();
    });
    return this.#sending;
  }

  async #catchUp(): Promise<void> {
    while (this.#isBehind()) {
      if (!(await this.#send())) await this.#recover();
    }
  }

  /** Sends everything to a new worker after a crash. Only once: the same text may crash the new worker too. */
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

  /** @returns false if the worker crashed */
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
    if (isAnother(this.#sent, text)) this.texts++;
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
    const replaced = before.slice(reply.keptStart, before.length - reply.keptEnd);
    this.units = [...head, ...this.#unitsOf(reply, text, from, replaced), ...tail];
    this.milliseconds = new Map(reply.lanes.map((lane) => [lane.key, lane.milliseconds]));
  }

  /** @param replaced the units that are replaced: if their number is equal, their ids and page elements are kept */
  #unitsOf({ lengths, inside, lanes }: Units, text: string, start: number, replaced: readonly Unit[]): Unit[] {
    const next = lanes.map((lane) => laneReader(lane));
    let from = start;
    let group = { units: 0, length: 0 };
    return Array.from(lengths, (length, index) => {
      const full = group.units === groupSize || group.length >= groupLength;
      const opens = index === 0 ? (replaced[0]?.opens ?? false) : full;
      if (opens) group = { units: 0, length: 0 };
      group.units++;
      group.length += length;
      const unit: Unit = {
        id: (replaced.length === lengths.length ? replaced[index]?.id : undefined) ?? ++this.#made,
        text: text.slice(from, from + length),
        lanes: next.map((read) => read()),
        inside: inside[index] === 1,
        opens,
      };
      from += length;
      return unit;
    });
  }
}

function isAnother(before: string, text: string): boolean {
  const { start, end } = editBetween(before, text);
  return text !== before && 2 * (before.length - (end - start)) < before.length;
}

/** Returns a function that gives the lane of the next unit at each call, as views of the received arrays. */
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
