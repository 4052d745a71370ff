/** Training texts with weights, as `--text` names them: FILE, FILE:3, FILE:40%. */
import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { TextWeight } from '#core/tokenizer/korean/text-mixture.ts';

export interface WeightedText {
  path: string;
  weight: TextWeight;
}

/** Collects the values of an option that can be given several times. @throws InvalidArgumentError for a weight that is none */
export function collectTexts(value: string, before: WeightedText[] | undefined): WeightedText[] {
  return [...(before ?? []), weightedText(value)];
}

export function weightedText(value: string): WeightedText {
  const [, path, number, percent] = /^(.+):(-?\d+(?:\.\d+)?)(%?)$/u.exec(value) ?? [];
  if (path === undefined) return { path: value, weight: { times: 1 } };
  const weight = Number(number);
  if (!(weight > 0)) throw new InvalidArgumentError('Expected a weight above 0 behind the colon.');
  if (percent === '%' && weight > 100)
    throw new InvalidArgumentError('Expected a share of at most 100 % behind the colon.');
  return { path, weight: percent === '%' ? { share: weight / 100 } : { times: weight } };
}

/** The weight as it was given: `3`, `40%`. */
export function shownWeight(weight: TextWeight): string {
  return 'share' in weight ? `${Number((weight.share * 100).toFixed(6))}%` : String(weight.times);
}

export function shownText({ path, weight }: WeightedText): string {
  const name = basename(path);
  return 'times' in weight && weight.times === 1 ? name : `${name}:${shownWeight(weight)}`;
}
