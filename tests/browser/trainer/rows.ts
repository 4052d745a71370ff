/** What the tests of the trainer train: few rows, which random weights learn by heart. */
import type { PrepareRequest } from '#core/protocol/trainer.ts';

const seen = { type: 'phantom', seed: 7 } as const;

export const rows: Pick<PrepareRequest, 'trained' | 'heldOut' | 'fixed'> = {
  trained: [
    { question: '무엇이 보이나요?', answer: '오른쪽 폐의 결절입니다.', image: seen },
    { question: 'What is seen?', answer: 'A lung in the right.', image: seen },
    { question: '숨이 차요', answer: '흉부 검사를 합니다.', image: undefined },
  ],
  heldOut: [
    { question: 'What is seen?', answer: 'A lung in the left.', image: { type: 'phantom', seed: 8 } },
    { question: '진단', answer: '정상 소견입니다.', image: undefined },
  ],
  fixed: { question: 'What is seen?', image: seen },
};

export const lora: PrepareRequest['lora'] = { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj', 'o_proj', 'down_proj'] };

export const settings: PrepareRequest['settings'] = {
  ...{ steps: 60, rate: 0.02, warmupSteps: 2, final: 0.1, batchRows: 2, tokensAtOnce: 60, clip: 1, seed: 3 },
  ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0 },
};

/** Files of the package of MedGemma's shape, which has no weights. */
export const graphsOnly = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'onnx/decoder_model_merged_q4.onnx',
  'onnx/embed_tokens_q4.onnx',
  'onnx/vision_encoder_quantized.onnx',
] as const;

/** What tests/packages/training.json holds: the same run in Node. */
export interface ExpectedTraining {
  losses: number[];
  /** Of the held-out rows after these steps. */
  heldOut: number;
}
