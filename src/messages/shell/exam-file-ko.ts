import type { ExamProblem } from '#core/exam/exam-file.ts';
import { choices } from './choices.ts';

const row = '{row, number}행(열 이름이 있는 행이 1행)';
const problems: Record<ExamProblem['problem'], string> = {
  otherKind:
    'parquet도 CSV도 아닙니다. doctor-test.csv나 test-00000-of-00001.parquet 같은 파일을 여세요. 엑셀 파일은 ‘CSV UTF-8’로 저장하면 됩니다.',
  tooLarge:
    '{bytes, number}바이트입니다. 문제 파일은 {limit, number}바이트까지 엽니다. 찾던 파일이 맞는지 확인하거나 나누어 여세요.',
  notParquet:
    '이름은 parquet이지만 내용이 다릅니다. Git LFS 없이 복제한 폴더에는 파일 대신 포인터가 있으니, 파일 자체를 내려받아 여세요.',
  parquet: '손상되었거나 알 수 없는 종류의 parquet입니다. 다시 내려받거나 CSV로 저장해 여세요.',
  empty: '빈 파일입니다. 첫 행에 question, A, B, C, D, E, answer를 쓰고 그 아래에 문제를 넣으세요.',
  noRows: '열 이름 아래에 문제가 하나도 없습니다.',
  tooManyRows: '{rows, number}행입니다. {limit, number}행까지 읽으니 나누어 여세요.',
  noColumn:
    '다음 열이 없습니다: {columns}. question, A, B, C, D, E, answer가 모두 있어야 하는데, 찾은 열은 다음과 같습니다: {found}. 열은 쉼표로 나누세요.',
  cells: `${row}에 칸이 {cells, number}개인데 열은 {expected, number}개입니다. 쉼표나 줄바꿈이 든 칸은 스프레드시트처럼 큰따옴표로 묶으세요.`,
  tooLong: `${row}의 {column} 칸이 {characters, number}자입니다. {limit, number}자까지 읽습니다. 닫지 않은 따옴표가 뒤의 내용까지 삼켰을 수 있습니다.`,
  notText: `${row}의 {column} 칸이 글이 아니라 {value}입니다. 칸을 채우세요.`,
  noQuestion: `${row}의 question 칸이 비어 있습니다. 채우거나 그 행을 지우세요.`,
  answer: `${row}의 answer 칸이 {value}입니다. 정답의 번호를 1(A)부터 5(E)까지의 숫자로 쓰세요.`,
};

/** What is wrong with a file of questions and what to do; the argument `problem` chooses. */
export const examProblem = choices('problem', problems, '파일을 확인하고 다시 여세요.');
