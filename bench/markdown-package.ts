/**
 * A package of random weights whose sampled answers are long Markdown: the ids that the stand-in tokenizer leaves free are words
 * and marks of Markdown, and random weights choose among them about evenly.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VISION_DTYPE } from '#core/gemma3/package-graphs.ts';
import { isJsonObject, type Json } from '#core/json.ts';
import { exportPackage } from '../cli/export/export-package.ts';
import { presetConfig } from '../cli/shared/presets.ts';
import { writeRandomCheckpoint } from '../cli/random-checkpoint/random-weights.ts';
import { standInTokenizer, writeStandInTokenizer } from '../cli/random-checkpoint/stand-in-tokenizer.ts';
import { cache } from './package.ts';

/** Few of them are the 256 bytes of the stand-in tokenizer. */
const VOCABULARY = 8192;
const CONTEXT = 4096;
const SYLLABLES = [
  ...new Set('소견정상영상검사결과진단치료환자흉부우측좌측상엽하엽결절음영경계크기변화없음권고추적관찰'),
];

/** `mixed` has headings, paragraphs, lists, tables and code; `list` is one list without an end, hence one block. */
export type AnswerKind = 'mixed' | 'list';

/** The text of a piece with a word in it, by the last two digits of its number. */
function piece(kind: AnswerKind, number: number): string {
  const [a, b] = [number % SYLLABLES.length, Math.floor(number / SYLLABLES.length)];
  const word = `${SYLLABLES[a] ?? ''}${SYLLABLES[b % SYLLABLES.length] ?? ''}${b < SYLLABLES.length ? '' : b}`;
  const share = number % 100;
  if (kind === 'list') return share < 15 ? `\n- ${word}` : share < 20 ? ` **${word}**` : ` ${word}`;
  if (share < 2) return `\n\n### ${word}\n\n`;
  if (share < 8) return `\n- ${word}`;
  if (share < 10) return `\n\n1. ${word}`;
  if (share < 14) return ` **${word}**`;
  if (share < 16) return ` \`${word}\``;
  if (share < 20) return `.\n\n${word}`;
  if (share < 21) return `\n\n| ${word} | mm |\n| --- | --- |\n| ${word} | 1 |\n| ${word} | 2 |\n\n`;
  if (share < 22) return `\n\n\`\`\`\n${word} = 1\n\`\`\`\n\n`;
  if (share < 23) return `\n\n> ${word}`;
  return ` ${word}`;
}

function tokenizerOf(kind: AnswerKind): Json {
  const { tokenizer } = standInTokenizer();
  const model = tokenizer['model'];
  if (!isJsonObject(model) || !isJsonObject(model['vocab']))
    throw new Error('the stand-in tokenizer has no vocabulary');
  const vocab: Json = { ...model['vocab'] };
  for (let id = Object.keys(vocab).length; id < VOCABULARY; id++) vocab[piece(kind, id).replaceAll(' ', '▁')] = id;
  if (Object.keys(vocab).length !== VOCABULARY) throw new Error('two pieces have the same text');
  return { ...tokenizer, model: { ...model, vocab } };
}

/** Folder of the q4 package, exported at the first call. */
export async function markdownPackage(kind: AnswerKind): Promise<string> {
  const out = join(cache, `markdown-${kind}-q4`);
  if (await stat(join(out, 'manifest.json')).catch(() => undefined)) return out;
  const checkpoint = await mkdtemp(join(tmpdir(), 'medgemma-ko-lab-bench-'));
  const preset = presetConfig('tiny');
  const text = preset['text_config'];
  if (!isJsonObject(text)) throw new Error('the config has no text_config');
  const textConfig = { ...text, vocab_size: VOCABULARY, sliding_window: 1024, max_position_embeddings: CONTEXT };
  try {
    await writeRandomCheckpoint({
      config: { ...preset, eos_token_id: VOCABULARY - 1, text_config: textConfig },
      out: checkpoint,
      seed: 1,
      dtype: 'BF16',
      keys: 'language_model.model',
      shardBytes: undefined,
    });
    await writeStandInTokenizer(checkpoint);
    await writeFile(join(checkpoint, 'tokenizer.json'), JSON.stringify(tokenizerOf(kind)));
    await exportPackage(
      {
        checkpoint,
        out,
        dtype: 'q4',
        visionDtype: VISION_DTYPE.q4,
        blockSize: 32,
        context: CONTEXT,
        name: `bench-markdown-${kind}-q4`,
        randomWeights: true,
        notice: 'Random weights for measurements.',
      },
      { note() {}, warn: console.warn, progress: () => ({ add() {}, stop() {} }) },
    );
  } finally {
    await rm(checkpoint, { recursive: true, force: true });
  }
  return out;
}
