/** Reads a pack from JSON and checks every field, since packs are untrusted. */
import { shortened } from '../../text/cut.ts';
import { PackError } from './pack-error.ts';
import type { Pack, PackSource } from './pack.ts';

const FORMAT: Pack['format'] = 'medgemma-ko-lab/korean/1';

/**
 * @param json parsed JSON of a pack file
 * @throws PackError that names the field and the problem
 */
export function readPack(json: unknown): Pack {
  const pack = record(json, 'the pack');
  if (pack['format'] !== FORMAT) {
    throw new PackError(
      'pack',
      `This is no pack of a Korean vocabulary: its format is ${shown(pack['format'])}, expected "${FORMAT}".`,
    );
  }
  const base = record(pack['base'], 'base');
  const corpus = record(pack['corpus'], 'corpus');
  const size = whole(base['size'], 'base.size', 1);
  return {
    format: FORMAT,
    name: text(pack['name'], 'name'),
    base: { sha256: sha256(base['sha256'], 'base.sha256'), size },
    firstId: whole(pack['firstId'], 'firstId', size),
    corpus: {
      sha256: sha256(corpus['sha256'], 'corpus.sha256'),
      lines: whole(corpus['lines'], 'corpus.lines', 0),
      notice: text(corpus['notice'], 'corpus.notice'),
      ...(corpus['sources'] !== undefined && { sources: sources(corpus['sources']) }),
    },
    method: method(pack['method']),
    options: options(pack['options']),
    merges: merges(pack['merges']),
  };
}

function merges(value: unknown): Pack['merges'] {
  if (!Array.isArray(value)) throw wrong('merges', value, 'a list');
  const seen = new Map<string, number>();
  const merges = value.map((entry: unknown, index): Pack['merges'][number] => {
    const at = `merges[${index}]`;
    if (!Array.isArray(entry) || entry.length !== 3) throw wrong(at, entry, '[left, right, frequency]');
    const [left, right, count] = entry as unknown[];
    const frequency = whole(count, `${at}[2]`, 0);
    if (typeof left !== 'string' || left === '') throw wrong(`${at}[0]`, left, 'a piece of text');
    if (typeof right !== 'string' || right === '') throw wrong(`${at}[1]`, right, 'a piece of text');
    const first = seen.get(left + right);
    if (first !== undefined) {
      throw new PackError(
        'pack',
        `${at} of the pack makes "${left + right}", which merges[${first}] already made; each merge makes a token of its own.`,
      );
    }
    seen.set(left + right, index);
    return [left, right, frequency];
  });
  merges.forEach(([left, right], index) => {
    for (const side of [left, right]) {
      const made = seen.get(side);
      if (made === undefined || made < index) continue;
      throw new PackError('pack', `merges[${index}] of the pack uses "${side}", which only merges[${made}] makes.`);
    }
  });
  return merges;
}

function sources(value: unknown): PackSource[] {
  if (!Array.isArray(value)) throw wrong('corpus.sources', value, 'a list');
  return value.map((entry: unknown, index) => {
    const at = `corpus.sources[${index}]`;
    const source = record(entry, at);
    return {
      file: text(source['file'], `${at}.file`),
      sha256: sha256(source['sha256'], `${at}.sha256`),
      lines: whole(source['lines'], `${at}.lines`, 0),
      weight: text(source['weight'], `${at}.weight`),
    };
  });
}

function method(value: unknown): Pack['method'] {
  if (value === 'bpe' || value === 'sentencepiece-filter') return value;
  throw wrong('method', value, '"bpe" or "sentencepiece-filter"');
}

function options(value: unknown): Pack['options'] {
  const checked: Pack['options'] = {};
  for (const [name, option] of Object.entries(record(value, 'options'))) {
    if (typeof option !== 'string' && typeof option !== 'number' && typeof option !== 'boolean') {
      throw wrong(`options.${name}`, option, 'a text, a number or a yes/no');
    }
    checked[name] = option;
  }
  return checked;
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw wrong(name, value, 'an object');
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw wrong(name, value, 'a text');
}

function whole(value: unknown, name: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw wrong(name, value, `a whole number from ${least}`);
}

function sha256(value: unknown, name: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value;
  throw wrong(name, value, 'a SHA-256 in 64 hexadecimal digits');
}

function wrong(name: string, value: unknown, expected: string): PackError {
  return new PackError(
    'pack',
    `${name === 'the pack' ? 'The pack' : `"${name}" of the pack`} is ${shown(value)}, expected ${expected}.`,
  );
}

/** Short description of a value for a message. */
function shown(value: unknown): string {
  const json = value === undefined ? 'missing' : JSON.stringify(value);
  return shortened(json, 60);
}
