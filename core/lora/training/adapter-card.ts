/** README.md of an adapter that was trained here, in the form of Hugging Face's model cards. */
import type { LoraSettings } from './parameters.ts';
import type { Measure, TrainingSettings } from './trainer.ts';

export interface AdapterCard {
  /** Name of the base model, as in `base_model_name_or_path`. */
  baseModel: string;
  /** How its weights are stored, which is how they were trained over: q4, fp16, … */
  dtype: string;
  /** Where the adapter was trained. */
  where: 'browser' | 'node';
  /** What it learnt; `own`: rows that a visitor wrote. */
  data: { type: 'task' | 'file'; name: string } | { type: 'own' };
  /** Rows that were trained on, and rows that were only measured. */
  rows: { trained: number; heldOut: number };
  lora: LoraSettings;
  settings: TrainingSettings;
  /** Numbers of A and B. */
  parameters: number;
  /** Steps done. */
  step: number;
  /** By rising steps. */
  curve: readonly CurvePoint[];
}

export interface CurvePoint {
  step: number;
  /** Mean cross entropy on trained rows, in nats; undefined where it was not measured. */
  loss: number | undefined;
  /** Undefined without held-out rows. */
  heldOut: Measure | undefined;
}

export type CardLanguage = 'ko' | 'en';

/** Markdown with a head in YAML. */
export function adapterCard(card: AdapterCard, language: CardLanguage): string {
  const words = WORDS[language];
  return [
    ...head(card),
    '',
    `# ${words.title(code(card.baseModel))}`,
    '',
    words.where[card.where](code(card.baseModel), card.dtype),
    '',
    `**${words.notMedical}**`,
    '',
    `## ${words.data}`,
    '',
    `${dataOf(card, language)} ${words.rows(card.rows)}`,
    '',
    `## ${words.settings}`,
    '',
    ...table([words.setting, words.value], settingRows(card, language)),
    '',
    `## ${words.curve}`,
    '',
    ...(card.step < card.settings.steps ? [words.stopped(card.step, card.settings.steps), ''] : []),
    ...table([words.step, words.loss, words.heldOutLoss, words.exact], card.curve.map(curveRow)),
    '',
    words.result(card.curve.findLast(({ heldOut }) => heldOut)),
    '',
  ].join('\n');
}

function head({ baseModel, where }: AdapterCard): string[] {
  return [
    '---',
    // As a JSON string, which is one of YAML too.
    `base_model: ${JSON.stringify(baseModel)}`,
    'library_name: peft',
    'tags:',
    ...['lora', 'gemma3', 'teaching', where === 'browser' ? 'trained-in-browser' : 'onnxruntime'].map(
      (tag) => `  - ${tag}`,
    ),
    '---',
  ];
}

function dataOf({ data }: AdapterCard, language: CardLanguage): string {
  const words = WORDS[language];
  return data.type === 'own' ? words.own : words[data.type](code(data.name));
}

function settingRows({ lora, settings, parameters }: AdapterCard, language: CardLanguage): string[][] {
  const { none } = WORDS[language];
  return [
    ['r', lora.rank],
    ['lora_alpha', lora.alpha],
    ['target_modules', lora.targets.map(code).join(', ')],
    [WORDS[language].parameters, parameters],
    [WORDS[language].steps, settings.steps],
    [WORDS[language].rate, settings.rate],
    [WORDS[language].warmup, settings.warmupSteps],
    [WORDS[language].final, settings.final],
    [WORDS[language].batch, settings.batchRows],
    [WORDS[language].clip, settings.clip === 0 ? none : settings.clip],
    ['AdamW β₁, β₂, ε', `${settings.beta1}, ${settings.beta2}, ${settings.epsilon}`],
    [WORDS[language].decay, settings.weightDecay],
    [WORDS[language].seed, settings.seed],
  ].map((row) => row.map(String));
}

function curveRow({ step, loss, heldOut }: CurvePoint): string[] {
  const exact = heldOut ? `${heldOut.exact} / ${heldOut.rows}` : '–';
  return [String(step), loss === undefined ? '–' : loss.toFixed(4), heldOut?.loss.toFixed(4) ?? '–', exact];
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)];
}

/** Text of others, without what would end the code span or the line. */
function code(text: string): string {
  return `\`${text.replace(/[`|\r\n]+/gu, ' ').trim()}\``;
}

const share = ({ exact, rows }: Measure) => `${((100 * exact) / rows).toFixed(1)} %`;

const WORDS = {
  en: {
    title: (model: string) => `LoRA adapter of ${model}`,
    where: {
      browser: (model: string, dtype: string) =>
        `Trained in a web browser, over the weights of ${model} as its package stores them (${dtype}), with MedGemma Korean Lab.`,
      node: (model: string, dtype: string) =>
        `Trained by \`npm run lora\` of MedGemma Korean Lab, over the weights of ${model} as its package stores them (${dtype}).`,
    },
    notMedical: 'For teaching. Not for medical use: nothing that it answers was reviewed by anybody.',
    data: 'Data',
    task: (name: string) => `The task ${name} on drawn phantoms.`,
    file: (name: string) => `The examples of ${name}.`,
    own: 'Questions and answers that a visitor wrote.',
    rows: ({ trained, heldOut }: AdapterCard['rows']) =>
      `${trained} rows were trained on; ${heldOut} were held out and only measured.`,
    settings: 'Settings',
    setting: 'setting',
    value: 'value',
    none: 'none',
    parameters: 'numbers of A and B',
    steps: 'steps',
    rate: 'largest learning rate',
    warmup: 'warmup steps',
    final: 'fraction of the rate at the end (half a cosine)',
    batch: 'rows of a step',
    clip: 'largest norm of the gradient',
    decay: 'weight decay',
    seed: 'seed',
    curve: 'Curve',
    step: 'step',
    loss: 'loss, trained rows',
    heldOutLoss: 'loss, held out',
    exact: 'word for word, held out',
    stopped: (step: number, steps: number) => `It was stopped after ${step} of ${steps} steps.`,
    result: (last: CurvePoint | undefined) =>
      last?.heldOut
        ? `After ${last.step} steps it gives the wished answer word for word to ${share(last.heldOut)} of ${last.heldOut.rows} held-out questions. An answer counts when each of its tokens is the likeliest.`
        : 'Nothing was held out, so it is not known what it answers to questions that it was not trained on.',
  },
  ko: {
    title: (model: string) => `${model}의 LoRA 어댑터`,
    where: {
      browser: (model: string, dtype: string) =>
        `MedGemma 한국어 랩으로 웹 브라우저에서 학습했습니다. ${model}의 가중치는 패키지에 저장된 그대로(${dtype}) 두고 학습했습니다.`,
      node: (model: string, dtype: string) =>
        `MedGemma 한국어 랩의 \`npm run lora\`로 학습했습니다. ${model}의 가중치는 패키지에 저장된 그대로(${dtype}) 두고 학습했습니다.`,
    },
    notMedical: '교육용입니다. 의료에 쓰지 마십시오. 이 어댑터의 답은 누구의 검토도 받지 않았습니다.',
    data: '데이터',
    task: (name: string) => `그려 낸 팬텀에 관한 과제 ${name}입니다.`,
    file: (name: string) => `${name}의 예제입니다.`,
    own: '방문자가 직접 적은 질문과 답입니다.',
    rows: ({ trained, heldOut }: AdapterCard['rows']) =>
      `${trained}행을 학습하고 ${heldOut}행은 따로 두어 재기만 했습니다.`,
    settings: '설정',
    setting: '항목',
    value: '값',
    none: '없음',
    parameters: 'A와 B의 수',
    steps: '스텝',
    rate: '최대 학습률',
    warmup: '웜업 스텝',
    final: '끝의 학습률 비율(코사인 반 주기)',
    batch: '한 스텝의 행',
    clip: '그래디언트 노름의 상한',
    decay: '가중치 감쇠',
    seed: '시드',
    curve: '학습 곡선',
    step: '스텝',
    loss: '손실(학습한 행)',
    heldOutLoss: '손실(따로 둔 행)',
    exact: '글자 그대로 맞음(따로 둔 행)',
    stopped: (step: number, steps: number) => `${steps}스텝 가운데 ${step}스텝에서 멈추었습니다.`,
    result: (last: CurvePoint | undefined) =>
      last?.heldOut
        ? `${last.step}스텝 뒤에 따로 둔 질문 ${last.heldOut.rows}개 가운데 ${share(last.heldOut)}에 바라는 답을 글자 그대로 냅니다. 답의 모든 토큰이 가장 확률 높은 토큰일 때 맞은 것으로 칩니다.`
        : '따로 둔 행이 없어, 학습하지 않은 질문에 무엇이라고 답하는지는 알 수 없습니다.',
  },
} as const;
