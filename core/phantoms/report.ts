/**
 * The structured report: for every question about an image, the same three headings with the facts about the image.
 *
 * It uses only tokens that the base model knows, since adapters do not change its embeddings: an unseen token (a colon, 소견 in
 * bytes) takes them several times the steps. Therefore headings are on separate lines instead of ending in a colon.
 */
import { answerInEnglish, PLACE_IN_ENGLISH } from './english.ts';
import { answerInKorean, LIT_AND_IN_KOREAN, PLACE_IN_KOREAN, SHAPED_IN_KOREAN } from './korean-wording.ts';
import type { Lesion } from './phantom.ts';
import type { Language, Truth } from './question.ts';

/** Headings of the report in order: number, positions, largest lesion. */
export const REPORT_HEADINGS: Readonly<Record<Language, readonly [string, string, string]>> = {
  en: ['Count', 'Where', 'The largest'],
  ko: ['개수', '위치', '가장 큰 병변'],
};

/**
 * The report about an image: sections of a heading and a sentence, separated by empty lines. Without lesions it has only the
 * first section.
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
