/** A link that restores the lab: readable parameters after `#/lora?`. */
import { cutText } from '#core/text/cut.ts';

export interface SharedAdapter {
  /** Name of a shipped one, or the address of a folder. */
  address: string;
  strength: number;
  /** Truncated to this rank; undefined: full rank. */
  rank: number | undefined;
}

export interface SharedLab {
  /** Step of the guided path, 1 … 5. */
  step: number | undefined;
  question: string;
  /** Number of the phantom that was drawn. */
  phantom: string | undefined;
  seed: number;
  /** 0 is greedy. */
  temperature: number;
  adapters: readonly SharedAdapter[];
}

/** Characters of the whole address: mail programs and messengers cut longer ones. */
export const longestLink = 4000;

const MAX_QUESTION = 2000;
const MIN_STRENGTH = -1;
const MAX_STRENGTH = 2;
const MOST = 4;

/** @param page address of the page, with or without a hash */
export function linkTo(lab: SharedLab, page: string): string {
  const url = new URL(page);
  url.hash = `#/lora?${parametersOf(lab).toString()}`;
  return url.href;
}

export function parametersOf({ step, question, phantom, seed, temperature, adapters }: SharedLab): URLSearchParams {
  const query = new URLSearchParams();
  if (step !== undefined) query.set('step', String(step));
  if (question) query.set('q', question);
  if (phantom !== undefined) query.set('p', phantom);
  if (temperature > 0) {
    query.set('t', String(temperature));
    query.set('seed', String(seed));
  }
  for (const { address, strength, rank } of adapters) query.append('a', `${address};${strength};${rank ?? ''}`);
  return query;
}

/** Reads the well-formed parameters and ignores the others. Undefined for an empty query. */
export function readParameters(query: URLSearchParams): SharedLab | undefined {
  if (query.size === 0) return undefined;
  const step = Number(query.get('step'));
  const seed = Number(query.get('seed') ?? 1);
  const temperature = Number(query.get('t'));
  const phantom = query.get('p') ?? '';
  return {
    step: Number.isInteger(step) && step >= 1 && step <= 5 ? step : undefined,
    question: cutText(query.get('q') ?? '', MAX_QUESTION),
    phantom: /^\d{1,6}-\d{1,6}$/u.test(phantom) ? phantom : undefined,
    seed: Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff ? seed : 1,
    temperature: temperature > 0 && temperature <= 2 ? temperature : 0,
    adapters: query.getAll('a').flatMap(readAdapter).slice(0, MOST),
  };
}

function readAdapter(text: string): SharedAdapter[] {
  const [, address, strengthText, rankText] = /^(.+);([^;]*);([^;]*)$/u.exec(text) ?? [];
  if (address === undefined) return [];
  const strength = Number(strengthText);
  const rank = Number(rankText);
  if (strengthText === '' || !(strength >= MIN_STRENGTH && strength <= MAX_STRENGTH)) return [];
  return [{ address, strength, rank: Number.isInteger(rank) && rank >= 1 ? rank : undefined }];
}
