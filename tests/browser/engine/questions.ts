/** Questions to which the random weights give answers of more than one token, over and over again as they may. */
export const [breath, diagnosis, headache, seen] = ['숨이 차요', '진단', '머리가 아파요', 'What is seen?'] as const;
/** Several chunks of prefill, of which the first has 64 tokens at most: the stand-in tokenizer cuts it into about 300. */
export const long = '가나다 '.repeat(75);
export const questions = [breath, diagnosis, headache, seen, long];
/** In tokens of the pack of tests/reference/korean.ts, with others around them. */
export const koreanQuestions = ['정상소견 폐렴환자의 진단', '환자는 the lung'];

/** What tests/packages/expected.json holds: ten greedy tokens for each question. */
export interface Expected {
  chat: Record<string, number[]>;
  textOnly: Record<string, number[]>;
  korean: Record<string, number[]>;
}

export async function expectedAnswers(): Promise<Expected> {
  return (await fetch('/tests/packages/expected.json')).json();
}

/** The file of tests/packages/tampered that its manifest's hash does not fit. */
export const tamperedFile = 'onnx/vision_encoder_quantized.onnx_data';
