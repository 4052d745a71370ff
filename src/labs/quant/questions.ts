/** The sheet of questions that every setting answers: fresh phantoms, one question each. */
import { drawExample } from '#core/phantoms/examples.ts';
import type { Language } from '#core/phantoms/question.ts';
import type { ChatMessage } from '#core/chat/message.ts';
import { drawnPhantom } from '../../chat/phantoms.ts';

export interface SheetQuestion {
  /** Set and index of the phantom, shown to people as its number. */
  number: string;
  language: Language;
  text: string;
  /** The right answer. */
  answer: string;
  image: File;
}

/**
 * `count` questions about the phantoms 1 … `count` of one of the page's sets, which no model was trained on: one each, Korean
 * and English in turn, of every kind that the teaching model learnt. The same set always gives the same sheet.
 */
export function sheetOf(set: number, count: number): SheetQuestion[] {
  return Array.from({ length: count }, (_, at) => {
    const language: Language = at % 2 === 0 ? 'ko' : 'en';
    const pair = drawExample('page', set, at + 1, 1).pairs.find((drawn) => drawn.language === language);
    if (!pair) throw new Error(`no question in ${language}`);
    const { number, file } = drawnPhantom(set, at + 1);
    return { number, language, text: pair.question, answer: pair.answer, image: file };
  });
}

/** The messages in the form that the model was trained on: the image, then the question, nothing before. */
export function messagesOf({ number, text, image }: SheetQuestion): ChatMessage[] {
  return [
    {
      role: 'user',
      content: [
        { type: 'image', name: number, image },
        { type: 'text', text },
      ],
    },
  ];
}
