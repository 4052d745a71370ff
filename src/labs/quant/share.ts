/** The state of the lab as the query of its address, in words that a person can read. */
import { cutText } from '#core/text/cut.ts';
import { SETS } from '#core/phantoms/sets.ts';
import type { QuantSettings } from '#core/quant/settings.ts';
import { partsCode, readParts, readSettings, settingsCode, type PartSettings } from './settings-code.ts';

/** Steps of the guided path. */
export const STEPS = [1, 2, 3, 4, 5] as const;
export type Step = (typeof STEPS)[number];

/** Numbers of phantoms to ask about. */
export const SHEET_SIZES = [5, 10, 50] as const;
export type SheetSize = (typeof SHEET_SIZES)[number];

/** What a link stores. Files cannot be included. */
export interface Shared {
  step: Step;
  /** Undefined: the first one that is offered. */
  matrix: string | undefined;
  settings: QuantSettings;
  /** First row and column of the detail. */
  row: number;
  column: number;
  parts: PartSettings;
  /** The set of the phantoms to ask about. */
  set: number;
  /** Undefined: the default for the speed of the machine. */
  phantoms: SheetSize | undefined;
  /** Settings that were tried on the whole model. */
  tried: readonly PartSettings[];
}

/** Most settings in a link: running more would keep the visitor's machine busy for too long. */
const mostTried = 24;

export function writeShared(shared: Shared): string {
  const query = new URLSearchParams({ step: String(shared.step), at: settingsCode(shared.settings) });
  if (shared.matrix !== undefined) query.set('matrix', shared.matrix);
  if (shared.row > 0 || shared.column > 0) query.set('weight', `${shared.row}.${shared.column}`);
  query.set('parts', partsCode(shared.parts));
  query.set('set', String(shared.set));
  if (shared.phantoms !== undefined) query.set('phantoms', String(shared.phantoms));
  if (shared.tried.length > 0) query.set('tried', shared.tried.map(partsCode).join('.'));
  return query.toString();
}

/** The fields that a query contains. */
export type Found = { [Name in keyof Shared]: Shared[Name] | undefined };

/** `broken`: names of the parameters that cannot be read. */
export function readShared(query: URLSearchParams): { found: Found; broken: string[] } {
  const broken: string[] = [];
  const read = <Value>(name: string, parse: (text: string) => Value | undefined): Value | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    const value = parse(text);
    if (value === undefined) broken.push(name);
    return value;
  };
  const place = read('weight', (text) => {
    const [, row, column] = /^(\d{1,7})\.(\d{1,7})$/u.exec(text) ?? [];
    return row === undefined || column === undefined ? undefined : { row: Number(row), column: Number(column) };
  });
  const found: Found = {
    step: read('step', (text) => STEPS.find((step) => String(step) === text)),
    matrix: read('matrix', (text) => cutText(text, 300) || undefined),
    settings: read('at', readSettings),
    row: place?.row,
    column: place?.column,
    parts: read('parts', readParts),
    set: read('set', (text) => (/^\d{1,6}$/u.test(text) && Number(text) < SETS ? Number(text) : undefined)),
    phantoms: read('phantoms', (text) => SHEET_SIZES.find((size) => String(size) === text)),
    tried: read('tried', (text) => {
      const all = text.split('.').map(readParts);
      const known = all.filter((parts) => parts !== undefined);
      return known.length === all.length ? known.slice(0, mostTried) : undefined;
    }),
  };
  return { found, broken };
}

/** @param page address of the page, with or without a hash */
export function linkTo(shared: Shared, page: string): string {
  const url = new URL(page);
  url.hash = `#/quant?${writeShared(shared)}`;
  return url.href;
}
