import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measurePairs } from '#core/tokenizer/statistics/measure.ts';
import { readPairs } from '#core/tokenizer/statistics/read-pairs.ts';
import { mergeTokenizerJson, requireBase } from '#core/tokenizer/korean/merge.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { requireTokenizerJson } from '#core/tokenizer/korean/tokenizer-file.ts';
import { readTokenizerJson } from '#core/tokenizer/json/tokenizer-json.ts';
import { writePack } from '#core/tokenizer/korean/write-pack.ts';
import { GEMMA3_TOKENIZER, gemma3TokenizerJson, koreanPairs } from '../../reference/gemma3-tokenizer.ts';
import { pythonHas, rustEncode } from '../../reference/python.ts';
import { randomText, wellFormed } from '../../reference/random-text.ts';

const json = requireTokenizerJson(gemma3TokenizerJson());
const base = readTokenizerJson(json);
const sha256 = createHash('sha256').update(readFileSync(GEMMA3_TOKENIZER)).digest('hex');
const pairs = koreanPairs();
const pud = pairs.filter(({ set }) => set === 'pud');
const clinicalFile = readPairs(
  readFileSync(new URL('../../../public/korean/clinical.en-ko.tsv', import.meta.url), 'utf8'),
);
if ('problem' in clinicalFile) throw new Error(clinicalFile.problem);
const clinicalPairs = clinicalFile.pairs;
const random = randomText((json.added_tokens ?? []).map(({ content }) => content)).map(wellFormed);

describe.each([
  { name: 'ko-8960', tokens: 8960, saved: 0.185, clinical: 0.1 },
  { name: 'ko-20480', tokens: 20480, saved: 0.245, clinical: 0.14 },
  { name: 'ko-med-8960', tokens: 8960, saved: 0.18, clinical: 0.23 },
  { name: 'ko-med-16384', tokens: 16384, saved: 0.235, clinical: 0.3 },
  { name: 'ko-med-20480', tokens: 20480, saved: 0.25, clinical: 0.32 },
])('$name of public/korean', ({ name, tokens, saved, clinical }) => {
  const file = readFileSync(new URL(`../../../public/korean/${name}.json`, import.meta.url), 'utf8');
  const pack = readPack(JSON.parse(file));
  const mergedJson = JSON.parse(JSON.stringify(mergeTokenizerJson(json, pack)));
  const merged = readTokenizerJson(mergedJson);
  const texts = [...pairs.flatMap(({ english, korean }) => [english, korean]), ...fc.sample(random, 300)];

  it('continues the tokenizer of Gemma 3 and says what it was trained on', () => {
    requireBase(pack, sha256);
    expect(pack).toMatchObject({ name, firstId: 262145, method: 'bpe' });
    expect(pack.merges).toHaveLength(tokens);
    expect(pack.corpus.notice).toMatch(/KLUE.*CC BY-SA 4\.0.*MIT.*CC BY-SA 3\.0/s);
    if (name.includes('med'))
      expect(pack.corpus.notice).toMatch(/식품의약품안전처.*통계청.*국가법령정보센터.*None of the text/s);
    expect(file).toBe(writePack(pack));
    expect(file.length).toBeLessThan(1e6);
  });

  it(`saves at least ${saved * 100} % of the Korean tokens of PUD; no sentence gets longer, English stays`, () => {
    const [, measure] = measurePairs([base, merged], pud);
    expect(measure?.korean.change?.tokens).toBeLessThan(-saved);
    for (const { english, korean } of pairs) {
      expect(merged.encode(korean).length).toBeLessThanOrEqual(base.encode(korean).length);
      expect(merged.encode(english).join()).toBe(base.encode(english).join());
    }
  });

  it(`saves at least ${clinical * 100} % of the Korean tokens of clinical sentences, none of which gets longer`, () => {
    const [, measure] = measurePairs([base, merged], clinicalPairs);
    expect(measure?.korean.change?.tokens).toBeLessThan(-clinical);
    expect([measure?.korean.change?.longer, measure?.english.change?.same]).toEqual([0, clinicalPairs.length]);
  });

  it('reaches every new token by its own text', () => {
    pack.merges.forEach(([left, right], index) => {
      expect([...merged.encode((left + right).replaceAll('▁', ' '))]).toEqual([pack.firstId + index]);
    });
  });

  // One pack of each kind in `npm test`: the encoder is the same for all.
  const isTried = process.env['TEST_FULL'] === '1' || name === 'ko-8960' || name === 'ko-med-16384';
  it.runIf(isTried)('makes, merged, the tokens of @huggingface/tokenizers', () => {
    const library = new Library(mergedJson, {});
    for (const text of texts) {
      const { ids } = library.encode(text, { add_special_tokens: false });
      expect(merged.encode(text).join()).toBe(ids.join());
    }
  });

  it.skipIf(!pythonHas('tokenizers'))('makes, merged, the tokens of Hugging Face tokenizers (Rust)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'merged-'));
    try {
      const path = join(folder, 'tokenizer.json');
      writeFileSync(path, JSON.stringify(mergedJson));
      // An added token that is in no vocabulary would take the first new id at load.
      const [expected, [image] = []] = rustEncode([
        { path, texts },
        { path, texts: ['<image_soft_token>'] },
      ]);
      for (const [index, text] of texts.entries()) {
        const ids = merged.encode(text);
        expect([...ids]).toEqual(expected?.[index]?.ids);
        expect(merged.decode(ids)).toBe(expected?.[index]?.decoded);
      }
      expect(image?.ids).toEqual([262144]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
