/** Puts run cards of the bench lab into one Markdown table: `npm run bench -- --import FILES...`. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FailureError } from '#core/failure.ts';
import { figureRows, rooflinePoints } from '#core/run-card/figures.ts';
import { DEVICE_NOTES, MAX_RUN_CARD_BYTES, readRunCard, type RunCard } from '#core/run-card/run-card.ts';
import { userMessage } from '../cli/shared/errors.ts';
import type { Spread } from '#core/run-card/spread.ts';

export interface Imported {
  cards: readonly RunCard[];
  /** A sentence for each file that is no card; it names the file. */
  refused: readonly string[];
}

export async function importCards(paths: readonly string[]): Promise<Imported> {
  const cards: RunCard[] = [];
  const refused: string[] = [];
  for (const path of paths) {
    try {
      cards.push(await readCard(path));
    } catch (error) {
      refused.push(error instanceof Error ? sentence(path, error) : `${path}: ${String(error)}`);
    }
  }
  return { cards, refused };
}

async function readCard(path: string): Promise<RunCard> {
  const { size } = await stat(path);
  if (size > MAX_RUN_CARD_BYTES) throw new Error(`${size} bytes, more than a run card can have`);
  return readRunCard(await readFile(path), basename(path));
}

function sentence(path: string, error: Error): string {
  const message = userMessage(error) ?? error.message;
  if (!(error instanceof FailureError) || error.code !== 'file-broken')
    return message.startsWith(path) ? message : `${path}: ${message}`;
  return `${path}: ${error.detail['reason'] ?? ''}; a run card is what the page saves in #/bench`;
}

/** One table for all cards: a row for each card and context. */
export function cardTable(cards: readonly RunCard[]): string {
  const head = [
    'device',
    'browser',
    'model',
    'context',
    'engine',
    'decode tok/s',
    'prefill tok/s',
    'first token ms',
    'GPU peak MB',
    'share of the roof',
    'decode, first ÷ this',
    'same ids',
    'date',
  ];
  return [head, head.map(() => '---'), ...cards.flatMap(cardRows)]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function cardRows(card: RunCard): string[][] {
  const rows = figureRows(card);
  const roof = rooflinePoints(card);
  const { device, model, settings } = card;
  const note = device.kind === 'gpu' ? '' : ` (${DEVICE_NOTES[device.kind]})`;
  return settings.contexts.flatMap((context) =>
    card.engines.map(({ engine, version, failure, rounds }, index) => {
      const of = (name: string, at: number | undefined) =>
        rows.find((row) => row.name === name && row.contextTokens === at)?.spreads[index];
      const decode = of('decode', context);
      const first = rows.find((row) => row.name === 'decode' && row.contextTokens === context)?.spreads[0];
      const share = roof.find(({ contextTokens }) => contextTokens === context)?.shares[index];
      const agreement = card.agreement.find((found) => found.engine === engine && found.contextTokens === context);
      return [
        `${device.adapter || 'CPU'}${note}`,
        `${device.browser}, ${device.system}`,
        `${model.name} ${model.decoder}${model.randomWeights ? ' (random weights)' : ''}`,
        String(context),
        `${engine} ${version}${failure === undefined ? '' : ` — failed: ${failure}`}`,
        spreadText(decode, 2),
        spreadText(of('prefill', context), 1),
        spreadText(of('firstToken', context), 0),
        spreadText(scaled(of('gpuPeak', undefined), 1e-6), 1),
        share === undefined ? '–' : `${(share * 100).toFixed(0)} %`,
        index === 0 || !first || !decode ? '–' : (first.median / decode.median).toFixed(2),
        agreementText(agreement),
        `${card.created.slice(0, 10)}, ${rounds.length} of ${settings.rounds} rounds`,
      ].map(cell);
    }),
  );
}

function agreementText(agreement: RunCard['agreement'][number] | undefined): string {
  if (!agreement) return '–';
  return agreement.firstDifference === undefined
    ? `yes (${agreement.comparedTokens})`
    : `differ from token ${agreement.firstDifference}`;
}

function scaled(spread: Spread | undefined, by: number): Spread | undefined {
  return spread && { ...spread, median: spread.median * by, least: spread.least * by, most: spread.most * by };
}

/** Median (least–most). */
function spreadText(spread: Spread | undefined, digits: number): string {
  if (!spread) return '–';
  const [median, least, most] = [spread.median, spread.least, spread.most].map((value) => value.toFixed(digits));
  return least === most ? `${median}` : `${median} (${least}–${most})`;
}

/** A card may come from anybody: its texts must not break the table. */
function cell(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, ' ').replace(/[\\|`<>[\]]/gu, '\\$&');
}
