import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BpeTokenizer } from '#core/tokenizer/bpe/bpe-tokenizer.ts';
import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';
import { PipelineTokenizer } from '#core/tokenizer/pipeline/pipeline-tokenizer.ts';
import { GEMMA3_CHAT_TEMPLATE } from '#core/chat/gemma3-template.ts';
import { main } from '../../../cli/random-checkpoint/stand-in-tokenizer-command.ts';
import { standInTokenizer } from '../../../cli/random-checkpoint/stand-in-tokenizer.ts';
import { compileChatTemplate, findChatTemplate } from '../../../workers/engine/chat/template.ts';
import { loadTokenizer } from '../../../workers/engine/chat/tokenizer.ts';
import { runCommandHere } from '../cli/run.ts';
import { loadStandIn } from './packages.ts';

const { tokenizer, names } = await loadStandIn();

describe('stand-in tokenizer', () => {
  it('has one token for each of 512 ids, those of the checkpoint among them', () => {
    const tokens = Array.from({ length: 512 }, (_, id) => tokenizer.tokenOf(id));
    expect(new Set(tokens).size).toBe(512);
    expect(tokens).not.toContain(undefined);
    expect(tokenizer.tokenOf(512)).toBeUndefined();
    const ids = [
      '<pad>',
      '<eos>',
      '<bos>',
      '<end_of_turn>',
      '<image_soft_token>',
      '<start_of_image>',
      '<end_of_image>',
    ];
    expect(ids.map((token) => tokenizer.idOf(token))).toEqual([0, 1, 2, 3, 500, 501, 502]);
    tokens.forEach((token, id) => expect(tokenizer.idOf(token ?? '')).toBe(id));
  });

  it('keeps any text but "▁", in one and the other way to encode', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, special) => {
        fc.pre(!text.includes('▁'));
        expect(tokenizer.decode(tokenizer.encode(text, { special }))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('reaches its words', () => {
    const tokens = tokenizer.encode('환자 the lung 입니다', { special: false }).map((id) => tokenizer.tokenOf(id));
    expect(tokens).toEqual(['환자', '▁the', '▁lung', '▁', '입니다']);
  });

  it('says what it is', () => {
    expect(standInTokenizer().config['_comment']).toMatch(/stand-in .* random weights/);
  });

  it('is written by the command', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stand-in-'));
    try {
      expect(await runCommandHere(main, [folder])).toMatchObject({ status: 0, stderr: '' });
      expect((await readdir(folder)).sort()).toEqual([
        'chat_template.jinja',
        'special_tokens_map.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ]);
      const written: unknown = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
      expect(written).toEqual(standInTokenizer().tokenizer);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('loadTokenizer', () => {
  it('tells control tokens from text', () => {
    expect(tokenizer.encode('<end_of_turn>', { special: true })).toEqual([3]);
    const ids = tokenizer.encode('<end_of_turn>', { special: false });
    expect(ids).not.toContain(3);
    expect(tokenizer.decode(ids)).toBe('<end_of_turn>');
    expect(tokenizer.isSpecial(3)).toBe(true);
    expect(tokenizer.isSpecial(10)).toBe(false);
    expect(tokenizer.controlTokens).toContain('<unused94>');
  });

  it('knows the names, given as strings or as objects', async () => {
    expect(names.get('bos_token')).toBe('<bos>');
    expect(names.get('boi_token')).toBe('<start_of_image>');
    const { tokenizer: json, config } = standInTokenizer();
    const objects = { ...config, bos_token: { content: '<bos>', special: true } };
    expect(loadTokenizer(json, objects).names.get('bos_token')).toBe('<bos>');
  });

  it.each([
    [null, {}],
    [standInTokenizer().tokenizer, 'text'],
  ])('refuses what is none (%#)', (json, config) => {
    expect(() => loadTokenizer(json, config)).toThrow(/file-broken/);
  });

  it('names what is not supported, and what is damaged', () => {
    const { tokenizer: json } = standInTokenizer();
    expect(() => loadTokenizer({ ...json, model: { type: 'unheard of' } }, {})).toThrow(
      /unsupported-tokenizer.*unheard of/,
    );
    expect(() => loadTokenizer({}, {})).toThrow(/not-a-tokenizer/);
  });
});

describe('the encoder', () => {
  const { tokenizer: json, config } = standInTokenizer();
  // The fast encoder does no Unicode normalization.
  const normalizing = { ...json, normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, json.normalizer] } };

  it('is the fast one where it reads the file, and otherwise the general one, with the same ids', () => {
    expect(openTokenizer(json).tokenizer).toBeInstanceOf(BpeTokenizer);
    expect(openTokenizer(normalizing).tokenizer).toBeInstanceOf(PipelineTokenizer);
    const general = loadTokenizer(normalizing, config).tokenizer;
    expect(general.controlTokens).toEqual(tokenizer.controlTokens);
    expect(general.encode('환자'.normalize('NFD'), { special: true })).toEqual(
      tokenizer.encode('환자', { special: true }),
    );
    const control = fc.constantFrom(...tokenizer.controlTokens, '▁', ' the', '환자', '\n');
    const text = fc
      .array(fc.oneof(control, fc.string({ unit: 'grapheme' })))
      .map((parts) => parts.join('').normalize('NFC'));
    fc.assert(
      fc.property(text, fc.boolean(), (given, special) => {
        const ids = tokenizer.encode(given, { special });
        expect(ids).toEqual(general.encode(given, { special }));
        for (const id of ids) {
          expect(general.decode([id])).toBe(tokenizer.decode([id]));
          expect(general.tokenOf(id)).toBe(tokenizer.tokenOf(id));
          expect(general.isSpecial(id)).toBe(tokenizer.isSpecial(id));
        }
        expect(general.decode(ids)).toBe(tokenizer.decode(ids));
      }),
      { numRuns: 300 },
    );
  });

  it('encodes a text of more tokens than a call may have arguments', () => {
    const ids = tokenizer.encode('환자'.repeat(300_000), { special: false });
    expect(ids).toHaveLength(300_000);
    expect(tokenizer.encode('환자'.repeat(300_000), { special: true })).toEqual(ids);
  });
});

describe('chat template', () => {
  const none = { jinja: undefined, json: undefined, tokenizerConfig: {} };

  it('is looked for in the order of Hugging Face', () => {
    const tokenizerConfig = { chat_template: 'c' };
    const json = { chat_template: 'b' };
    expect(findChatTemplate({ jinja: 'a', json, tokenizerConfig })).toEqual({
      source: 'a',
      from: 'chat_template.jinja',
    });
    expect(findChatTemplate({ ...none, json, tokenizerConfig }).source).toBe('b');
    expect(findChatTemplate({ ...none, tokenizerConfig }).source).toBe('c');
    const named = {
      chat_template: [
        { name: 'tool_use', template: 't' },
        { name: 'default', template: 'd' },
      ],
    };
    expect(findChatTemplate({ ...none, tokenizerConfig: named }).source).toBe('d');
    expect(findChatTemplate(none)).toEqual({ source: GEMMA3_CHAT_TEMPLATE, from: 'built-in' });
  });

  it('refuses a template with syntax errors', () => {
    expect(() => compileChatTemplate({ source: '{% if %}', from: 'chat_template.jinja' }, names)).toThrow(
      /file-broken.*chat_template\.jinja/,
    );
  });
});
