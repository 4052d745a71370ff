/**
 * Ten questions of our own in the form of the exams, so that the exam works without data: basic knowledge, written for this page and
 * taken from no exam. They say nothing of how a model does in one.
 */
import type { ExamQuestion, Letter } from './question.ts';

export const OWN_EXAM = 'own';

function own(
  question: string,
  choices: readonly [string, string, string, string, string],
  answer: Letter,
): ExamQuestion {
  const [A, B, C, D, E] = choices;
  return { exam: OWN_EXAM, question, choices: { A, B, C, D, E }, answer };
}

export const OWN_QUESTIONS: readonly ExamQuestion[] = [
  own('갑상샘 호르몬을 만드는 데 꼭 필요한 원소는?', ['철', '요오드', '칼슘', '아연', '마그네슘'], 'B'),
  own('인슐린을 분비하는 곳은?', ['이자의 베타 세포', '이자의 알파 세포', '부신 겉질', '간세포', '뇌하수체 뒤엽'], 'A'),
  own(
    '성인의 심장에서 온몸으로 혈액을 내보내는 방은?',
    ['오른심방', '오른심실', '왼심방', '왼심실', '관상정맥굴'],
    'D',
  ),
  own(
    '산소를 운반하는 단백질인 헤모글로빈이 들어 있는 혈액 세포는?',
    ['림프구', '혈소판', '적혈구', '호중구', '단핵구'],
    'C',
  ),
  own('비타민 C가 오래 모자랄 때 생기는 병은?', ['각기병', '구루병', '야맹증', '펠라그라', '괴혈병'], 'E'),
  own(
    '아나필락시스 환자에게 가장 먼저 주사해야 하는 약은?',
    ['아트로핀', '에피네프린', '푸로세미드', '헤파린', '인슐린'],
    'B',
  ),
  own(
    '와파린을 쓰는 환자에서 약효를 살피는 검사는?',
    ['당화혈색소', '혈청 크레아티닌', '프로트롬빈 시간(INR)', '적혈구 침강 속도', '혈청 칼륨'],
    'C',
  ),
  own(
    '아세트아미노펜을 지나치게 많이 먹었을 때 쓰는 해독제는?',
    ['아세틸시스테인', '날록손', '플루마제닐', '비타민 K', '프로타민'],
    'A',
  ),
  own('젖니를 포함하지 않은, 사랑니까지 모두 난 성인의 영구치 수는?', ['20개', '24개', '28개', '32개', '36개'], 'D'),
  own('B형 간염 바이러스가 옮는 길이 아닌 것은?', ['수혈', '주사침 찔림', '성 접촉', '출산', '악수'], 'E'),
];

/** Examples before them, as the split `fewshot` is before those of the exams. */
export const OWN_EXAMPLES: readonly ExamQuestion[] = [
  own('사람의 정상 체온에 가장 가까운 값은?', ['30.0℃', '36.5℃', '39.0℃', '41.0℃', '43.0℃'], 'B'),
  own('성인에서 적혈구를 만드는 곳은?', ['골수', '간', '지라', '가슴샘', '림프절'], 'A'),
  own('폐에서 기체가 교환되는 곳은?', ['기관', '기관지', '허파꽈리', '가로막', '인두'], 'C'),
  own(
    '혈액 응고 인자를 만드는 데 필요한 비타민은?',
    ['비타민 A', '비타민 B1', '비타민 C', '비타민 K', '비타민 E'],
    'D',
  ),
  own(
    '모르핀을 지나치게 많이 썼을 때 쓰는 길항제는?',
    ['아트로핀', '프로타민', '비타민 K', '플루마제닐', '날록손'],
    'E',
  ),
];
