import { describe, expect, it } from 'vitest';
import { drawPhantom } from '#core/phantoms/draw.ts';
import { phantomSeed } from '#core/phantoms/sets.ts';
import { rightAnswer } from '#core/phantoms/wording.ts';
import type { Attachment } from '../../../src/chat/attachments.svelte.ts';
import { lessonOf, lessonTurns, questionsAbout, shownTo } from '../../../src/chat/lesson.ts';
import type { Turn } from '../../../src/chat/turn.ts';

const blob = new Blob();
const photograph: Attachment = { id: 'a', name: 'a.jpg', blob, url: '' };
const phantom = drawPhantom(phantomSeed('page', 1, 1));
const drawn: Attachment = { id: 'b', name: '1-1', blob, url: '', phantom };

const turn = (text: string, images: Attachment[] = [], reply: string | undefined = '답.'): Turn => ({
  text,
  images,
  reply,
});
const last = (text: string, images: Attachment[] = []): Turn => ({ text, images, reply: undefined });
const sent = (turns: Turn[]) => lessonTurns(turns).map(({ text, images }) => [text, images.map(({ id }) => id)]);

const [count, where, largest, summary] = [
  '병변이 몇 개 있습니까?',
  '병변이 어디에 있습니까?',
  '가장 큰 병변은 어디에 있습니까?',
  '이 영상을 설명해 주세요.',
];

describe('what the teaching model is sent', () => {
  it('is the conversation about one image, up to three questions', () => {
    expect(sent([turn(count, [drawn]), turn(where), last(largest)])).toEqual([
      [count, ['b']],
      [where, []],
      [largest, []],
    ]);
  });

  it('begins anew with the fourth question, the image in front', () => {
    const four = [turn(count, [drawn]), turn(where), turn(largest), last(summary)];
    expect(sent(four)).toEqual([[summary, ['b']]]);
    expect(sent([...four.slice(0, 3), turn(summary), last(count)])).toEqual([
      [summary, ['b']],
      [count, []],
    ]);
  });

  it('stays in one language, also where a question is none of the known ones', () => {
    expect(sent([turn(count, [drawn]), last('Where are the lesions?')])).toEqual([['Where are the lesions?', ['b']]]);
    expect(sent([turn(count, [drawn]), last('이 병변은 얼마나 큽니까?')])).toHaveLength(2);
    expect(sent([turn(count, [drawn]), last('How large is it?')])).toHaveLength(1);
  });

  it('leaves out small talk, before and after an image, and sends it by itself', () => {
    expect(sent([turn('안녕하세요.'), turn(count, [drawn]), turn('감사합니다.'), last(where)])).toEqual([
      [count, ['b']],
      [where, []],
    ]);
    expect(sent([turn(count, [drawn]), last('감사합니다.')])).toEqual([['감사합니다.', []]]);
  });

  it('is the latest image, and without one the question alone', () => {
    expect(sent([turn(count, [drawn]), last(count, [photograph])])).toEqual([[count, ['a']]]);
    expect(sent([turn('안녕하세요.'), last(count)])).toEqual([[count, []]]);
    expect(lessonTurns([])).toEqual([]);
  });
});

it('what is shown is known for one phantom alone', () => {
  expect(shownTo([turn(count)])).toBe('nothing');
  expect(shownTo([turn(count, [drawn]), last(where)])).toBe(phantom);
  expect(shownTo([turn(count, [drawn]), turn(count, [photograph]), last(where)])).toBe('unknown');
  expect(shownTo([last(count, [drawn, drawn])])).toBe('unknown');
});

describe('a lesson', () => {
  const lesson = lessonOf('phantoms');

  it('judges an answer to the last question by the phantom that is shown', () => {
    const turns = [turn(count, [drawn]), last(where)];
    const right = rightAnswer({ kind: 'where' }, phantom, 'ko');
    if (right === undefined) throw new Error('the phantom has no lesion to place');
    expect(lesson?.judge(turns, right)).toEqual({ right: true, answer: right, language: 'ko' });
    expect(lesson?.judge(turns, '모릅니다.')).toEqual({ right: false, answer: right, language: 'ko' });
    expect(lesson?.judge([last(where, [photograph])], right)).toBeUndefined();
    expect(lesson?.judge([last('무엇이든 말해 주세요, 아무거나.', [drawn])], right)).toBeUndefined();
    expect(lesson?.judge([], right)).toBeUndefined();
  });

  it('is that of phantoms alone', () => {
    expect(lessonOf(undefined)).toBeUndefined();
    expect(lesson?.turns([turn(count, [drawn]), last('감사합니다.')])).toEqual([last('감사합니다.')]);
  });

  it('knows what was asked about a phantom since it was shown', () => {
    const turns = [turn('안녕하세요.'), turn(count, [drawn]), turn(where)];
    expect(questionsAbout(phantom, turns)).toEqual([count, where]);
    expect(questionsAbout(phantom, turns.slice(0, 1))).toEqual([]);
  });
});
