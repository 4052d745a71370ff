import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cutText, shortened } from '#core/text/cut.ts';
import { Cp949Decoder } from '#core/text/cp949.ts';
import { decodeText, EncodingError, TextFileDecoder } from '#core/text/encoding.ts';
import { isDecomposedHangul } from '#core/text/hangul.ts';
import { withLineFeeds } from '#core/text/line-ends.ts';
import { FailureError } from '#core/failure.ts';
import { refuseOtherText } from '#core/files/other-file.ts';
import { textOfFile } from '#core/text/text-file.ts';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/cases/text/${name}`, import.meta.url));
const bytesOf = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part))));
const utf16 = (text: string, { bigEndian = false, mark = '' } = {}) => {
  const bytes = Buffer.from(mark + text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};

const EXTENSION: readonly (readonly [number, number, string])[] = [
  [0x81, 0x41, '갂'],
  [0x81, 0xfe, '괓'],
  [0xa0, 0xfe, '좤'],
  [0xa1, 0x41, '좥'],
  [0xc6, 0x52, '힣'],
  [0x94, 0xee, '뷁'],
  [0x8c, 0x63, '똠'],
  [0xbc, 0x83, '펱'],
];

describe('encodings of text files', () => {
  it.each([
    ['cp949.txt', 'euc-kr', true, '환자는 열이 있습니다.\n'.repeat(30)],
    ['utf16.txt', 'utf-16le', false, '환자는 열이 있습니다.\n'.repeat(30)],
    ['utf16nobom.txt', 'utf-16le', true, 'fever and cough\n'.repeat(30)],
  ])('reads %s', (name, encoding, guessed, text) => {
    expect(decodeText(fixture(name))).toEqual({ text, encoding, guessed });
  });

  it.each([
    ['big-endian with a mark', utf16('환자\n', { bigEndian: true, mark: '\uFEFF' }), 'utf-16be', false],
    ['big-endian without', utf16('환자는 열이 있다.\n', { bigEndian: true }), 'utf-16be', true],
    ['little-endian Korean without a mark', utf16('환자는 열이 있다. 🙂\n'), 'utf-16le', true],
    ['UTF-8 with a mark', bytesOf([0xef, 0xbb, 0xbf], '환자'), 'utf-8', false],
    ['nothing', bytesOf(), 'utf-8', false],
    ['a mark alone', bytesOf([0xef, 0xbb, 0xbf]), 'utf-8', false],
    [
      'CP949 without spaces, whose bytes pass for UTF-16',
      bytesOf([0xc8, 0xaf, 0xc0, 0xda, 0xb4, 0xc2]),
      'euc-kr',
      true,
    ],
    // 뷁 is in CP949 and not in EUC-KR.
    ['a syllable of CP949 alone', bytesOf([0x94, 0xee, 0x0a]), 'euc-kr', true],
  ])('reads %s', (_, bytes, encoding, guessed) => {
    const read = decodeText(bytes);
    expect([read.encoding, read.guessed]).toEqual([encoding, guessed]);
    expect(read.text).toMatch(/^(환자.*|뷁)?\n?$/u);
  });

  it.each([
    ['Latin-1', Buffer.from('Fièvre et toux', 'latin1')],
    [
      'GB 2312',
      bytesOf([0xbb, 0xbc, 0xd5, 0xdf, 0xb7, 0xa2, 0xc9, 0xd5, 0xc8, 0xfd, 0xcc, 0xec, 0xd2, 0xd4, 0xc9, 0xcf]),
    ],
    [
      'EUC-JP',
      bytesOf([0xb4, 0xb5, 0xbc, 0xd4, 0xa4, 0xcb, 0xa4, 0xcf, 0xc7, 0xae, 0xa4, 0xac, 0xa4, 0xa2, 0xa4, 0xeb]),
    ],
    ['UTF-32', bytesOf([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])],
    ['half a character of UTF-8', bytesOf('환자는 열이 있습니다. '.repeat(9), [0xed, 0x99])],
    ['an image', bytesOf([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 1, 0])],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeText(bytes)).toThrow(EncodingError);
  });

  it('reads the same in pieces, also of a character, and behind a start in ASCII', () => {
    const ascii = 'no Korean yet\n'.repeat(2000);
    const korean = Buffer.concat(Array.from({ length: 300 }, () => fixture('cp949.txt')));
    for (const [size, given, text] of [
      [1, fixture('utf16.txt'), '환자는 열이 있습니다.\n'.repeat(30)],
      [7, fixture('cp949.txt'), '환자는 열이 있습니다.\n'.repeat(30)],
      [10_001, Buffer.concat([Buffer.from(ascii), korean]), ascii + '환자는 열이 있습니다.\n'.repeat(9000)],
    ] as const) {
      const decoder = new TextFileDecoder();
      let read = '';
      for (let at = 0; at < given.length; at += size) read += decoder.add(given.subarray(at, at + size));
      expect(read + decoder.end() === text).toBe(true);
    }
  });
});

describe('CP949', () => {
  it('holds every syllable once, and what KS X 1001 has in Node and browsers', () => {
    const found: string[] = [];
    for (let lead = 0x80; lead <= 0xff; lead++) {
      for (let trail = 0; trail <= 0xff; trail++) {
        try {
          found.push(new Cp949Decoder().decode(Uint8Array.of(lead, trail)));
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
        }
      }
    }
    const characters = found.filter((text) => text.length === 1);
    expect(new Set(characters).size).toBe(characters.length);
    expect(characters.filter((text) => text >= '가' && text <= '힣')).toHaveLength(11_172);
    // 17,048 characters of Windows-949 with € and ®, as Python's cp949 has them.
    expect(characters).toHaveLength(17_048);
    // The first and the last pair of each part of the extension, as Python's cp949 has them.
    for (const [lead, trail, text] of EXTENSION)
      expect(new Cp949Decoder().decode(Uint8Array.of(lead, trail))).toBe(text);
  });
});

describe('files in place of a text', () => {
  it('are called by their names', () => {
    const code = (name: string) => {
      try {
        return textOfFile(fixture(name), name).encoding;
      } catch (error) {
        return error;
      }
    };
    expect(code('lfs.json')).toMatchObject({ code: 'other-file', detail: { file: 'lfs.json', kind: 'lfsPointer' } });
    expect(code('lfs.model')).toMatchObject({ code: 'other-file', detail: { kind: 'lfsPointer' } });
    expect(code('gated.json')).toMatchObject({ code: 'other-file', detail: { kind: 'webPage' } });
    const reason = 'Access to model google/gemma-3-4b-it is restricted and you are not in the authorized list.';
    expect(code('error.json')).toMatchObject({
      code: 'other-file',
      detail: { file: 'error.json', kind: 'gatedAnswer', reason },
    });
    expect(code('nfd.txt')).toBe('utf-8');
  });

  it.each([
    ['<!-- saved -->\n<html lang="ko">', 'webPage'],
    ['<?xml version="1.0"?>\n<!DOCTYPE HTML PUBLIC>', 'webPage'],
    ['{"error": {"message": "Not Found", "status": 404}}', 'errorAnswer'],
    ['{"message":"Repository not found"}', 'errorAnswer'],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'gatedAnswer'],
    ['{"message": "환자", "label": 1}', undefined],
    ['GGUF is a format of llama.cpp', undefined],
    ['The wide river', undefined],
    ['[1, 2]번 문장', undefined],
    ['{"error": 1}', undefined],
    ['<p>환자</p>', undefined],
    ['{"text": "환자", "label": 1}\n{"text": "열"}', undefined],
    ['git-lfs version https://git-lfs.github.com/spec/', undefined],
    ['', undefined],
  ])('%s', (text, kind) => {
    const named = () => {
      try {
        refuseOtherText(text, 'a.txt', 'text');
        return undefined;
      } catch (error) {
        if (error instanceof FailureError) return error.detail['kind'];
        throw error;
      }
    };
    expect(named()).toBe(kind);
  });
});

describe('text', () => {
  it('is cut between characters', () => {
    expect(cutText('a🙂b', 2)).toBe('a');
    expect(cutText('a🙂b', 3)).toBe('a🙂');
    expect(cutText('a🙂', 9)).toBe('a🙂');
    expect(cutText('🙂', 1)).toBe('');
    expect(shortened('12🙂4', 3)).toBe('12…');
    expect(shortened('1234', 4)).toBe('1234');
  });

  it('has one kind of line end', () => {
    expect(withLineFeeds('a\r\nb\rc\n\rd\r\r\n')).toBe('a\nb\nc\n\nd\n\n');
  });

  it('is decomposed if NFC composes its Hangul', () => {
    expect(isDecomposedHangul(fixture('nfd.txt').toString())).toBe(true);
    for (const text of ['각'.normalize('NFD'), '가\u11a8', '한글 '.repeat(9) + '가'.normalize('NFD')]) {
      expect(isDecomposedHangul(text)).toBe(true);
    }
    // Composed, old Hangul, compatibility and half-width jamo, jamo alone, accents.
    for (const text of ['각', 'ᄒᆞᆫ글', 'ㄱㅏ', 'ﾡￂ', '\u1100', 'é'.normalize('NFD'), '각\u11a8', '']) {
      expect(isDecomposedHangul(text)).toBe(false);
    }
  });
});
