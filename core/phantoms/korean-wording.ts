/** Korean phrasings of questions, and the one accepted answer to each. */
import { withParticle } from './korean.ts';
import type { Brightness, Quadrant, Shape } from './phantom.ts';
import type { Finding, ImageQuestion, Referent } from './question.ts';

export const PLACE_IN_KOREAN: Readonly<Record<Quadrant, string>> = {
  'upper-left': '왼쪽 위',
  'upper-right': '오른쪽 위',
  'lower-left': '왼쪽 아래',
  'lower-right': '오른쪽 아래',
};
const COUNT = ['', '한 개', '두 개', '세 개'];
const SURROUNDINGS: Readonly<Record<Brightness, string>> = { bright: '주변보다 밝습니다', dark: '주변보다 어둡습니다' };
/** Forms that precede 모양. */
export const SHAPED_IN_KOREAN: Readonly<Record<Shape, string>> = {
  round: '둥근',
  square: '네모난',
  'cross-shaped': '십자',
};
/** Forms that precede 병변. */
const SHAPED_LESION: Readonly<Record<Shape, string>> = { ...SHAPED_IN_KOREAN, 'cross-shaped': '십자 모양인' };
export const LIT_AND_IN_KOREAN: Readonly<Record<Brightness, string>> = { bright: '밝고', dark: '어둡고' };

const lesion = (of: Referent) => (of === 'only' ? '병변' : `${PLACE_IN_KOREAN[of]} 병변`);

/** All phrasings; the first is the simplest. */
export function askInKorean(question: ImageQuestion): readonly string[] {
  switch (question.kind) {
    case 'count':
      return [
        '병변이 몇 개 있습니까?',
        '병변은 모두 몇 개인가요?',
        '이 영상에 병변이 몇 개 보이나요?',
        '병변을 세어 주세요.',
        '병변의 개수를 알려 주세요.',
      ];
    case 'where':
      return [
        '병변이 어디에 있습니까?',
        '병변은 어디에 있나요?',
        '이 영상의 어느 쪽에 병변이 보이나요?',
        '병변의 위치를 알려 주세요.',
        '병변이 있는 곳을 말해 주세요.',
      ];
    case 'brightness':
      return askBrightness(lesion(question.of));
    case 'shape':
      return askShape(lesion(question.of));
    case 'largest':
      if (question.aspect === 'brightness') return askBrightness('가장 큰 병변');
      if (question.aspect === 'shape') return askShape('가장 큰 병변');
      return [
        '가장 큰 병변은 어디에 있습니까?',
        '제일 큰 병변이 어디에 있나요?',
        '어느 쪽 병변이 가장 큰가요?',
        '가장 큰 병변의 위치를 알려 주세요.',
        '가장 큰 병변을 찾아 주세요.',
      ];
    case 'description':
      return [
        '영상을 한 문장으로 설명해 주세요.',
        '이 영상을 설명해 주세요.',
        '영상에 무엇이 보이나요?',
        '이 영상에서 보이는 것을 말해 주세요.',
        '영상을 한 문장으로 요약해 주세요.',
      ];
  }
}

function askBrightness(it: string): readonly string[] {
  return [
    `${withParticle(it, '은/는')} 주변보다 밝습니까, 어둡습니까?`,
    `${withParticle(it, '이/가')} 밝은가요, 어두운가요?`,
    `${withParticle(it, '은/는')} 주변과 비교해 밝은 편인가요, 어두운 편인가요?`,
    `${it}의 밝기는 주변에 비해 어떻습니까?`,
    `${withParticle(it, '이/가')} 밝은지 어두운지 알려 주세요.`,
  ];
}

function askShape(it: string): readonly string[] {
  return [
    `${withParticle(it, '은/는')} 어떤 모양입니까?`,
    `${it}의 모양은 무엇인가요?`,
    `${withParticle(it, '이/가')} 무슨 모양으로 보이나요?`,
    `${withParticle(it, '은/는')} 둥근가요, 네모난가요, 십자 모양인가요?`,
    `${it}의 모양을 알려 주세요.`,
  ];
}

/** The answer names the position of a lesion before its properties, so that the model has to locate it first. */
export function answerInKorean(finding: Finding): string {
  switch (finding.is) {
    case 'none':
      return '병변이 없습니다.';
    case 'none-there':
      return `${PLACE_IN_KOREAN[finding.quadrant]}에는 병변이 없습니다.`;
    case 'count':
      return finding.count === 0 ? '병변이 없습니다.' : `병변이 ${counted(finding.count)} 있습니다.`;
    case 'where':
      return `${enumerateInKorean(finding.quadrants.map((quadrant) => PLACE_IN_KOREAN[quadrant]))}에 있습니다.`;
    case 'brightness':
      return `${withParticle(lesion(finding.of), '은/는')} ${SURROUNDINGS[finding.brightness]}.`;
    case 'shape':
      return `${withParticle(lesion(finding.of), '은/는')} ${SHAPED_IN_KOREAN[finding.shape]} 모양입니다.`;
    case 'largest-where':
      return `가장 큰 병변은 ${PLACE_IN_KOREAN[finding.quadrant]}에 있습니다.`;
    case 'largest-brightness':
      return `가장 큰 병변은 ${SURROUNDINGS[finding.brightness]}.`;
    case 'largest-shape':
      return `가장 큰 병변은 ${SHAPED_IN_KOREAN[finding.shape]} 모양입니다.`;
    case 'description': {
      const { count, largest } = finding;
      const it = `${LIT_AND_IN_KOREAN[largest.brightness]} ${SHAPED_LESION[largest.shape]} 병변`;
      const place = PLACE_IN_KOREAN[largest.quadrant];
      if (count === 1) return `${place}에 ${withParticle(it, '이/가')} ${counted(1)} 있습니다.`;
      return `병변이 ${counted(count)} 있으며, ${count === 2 ? '더' : '가장'} 큰 것은 ${place}에 있는 ${it}입니다.`;
    }
  }
}

function counted(count: number): string {
  const words = COUNT[count];
  if (words === undefined || words === '') throw new RangeError(`no phantom has ${count} lesions to count`);
  return words;
}

/** Joins two places with 와/과 and three with commas. */
export function enumerateInKorean(places: readonly string[]): string {
  const [first, second, ...more] = places;
  if (first === undefined || second === undefined || more.length > 0) return places.join(', ');
  return `${withParticle(first, '과/와')} ${second}`;
}
