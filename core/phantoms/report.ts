/**
 * The structured report: whatever is asked about an image, the same three headings and what the truth says under them.
 *
 * It is made of words that the base model knows, since adapters leave its embeddings as they are: a piece that it has never
 * met (a colon, 소견 in bytes) cannot be learnt so. Hence headings on lines of their own.
 */
import { answerInEnglish, PLACE_IN_ENGLISH } from './english.ts';
import { answerInKorean, LIT_AND_IN_KOREAN, PLACE_IN_KOREAN, SHAPED_IN_KOREAN } from './korean-wording.ts';
import type { Lesion } from './phantom.ts';
import type { Language, Truth } from './question.ts';

/** Of the report, in its order: number, places, the largest lesion. */
export const REPORT_HEADINGS: Readonly<Record<Language, readonly [string, string, string]>> = {
  en: ['Count', 'Where', 'The largest'],
  ko: ['개수', '위치', '가장 큰 병변'],
};

/**
 * The one report about an image: sections apart by an empty line, each a heading and a sentence. Of an image without
 * lesions it has the first section only.
 */
export function reportOn({ lesions, largest }: Truth, language: Language): string {
  const say = language === 'en' ? answerInEnglish : answerInKorean;
  const sentences = [say({ is: 'count', count: lesions.length })];
  if (largest) {
    sentences.push(say({ is: 'where', quadrants: lesions.map(({ quadrant }) => quadrant) }));
    sentences.push(language === 'en' ? largestInEnglish(largest) : largestInKorean(largest));
  }
  return sentences.map((sentence, at) => `${REPORT_HEADINGS[language][at]}\n${sentence}`).join('\n\n');
}

function largestInEnglish({ brightness, shape, quadrant }: Lesion): string {
  return `The lesion is ${brightness} and ${shape}, in the ${PLACE_IN_ENGLISH[quadrant]}.`;
}

function largestInKorean({ brightness, shape, quadrant }: Lesion): string {
  return `${PLACE_IN_KOREAN[quadrant]}에 있으며 ${LIT_AND_IN_KOREAN[brightness]} ${SHAPED_IN_KOREAN[shape]} 모양입니다.`;
}
