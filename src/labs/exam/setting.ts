/** What is open now, as a run records it. */
import type { ExamSetting } from '#core/exam/run.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';

/** @param adapters as they are to be used */
export function settingOf(
  model: ModelInfo,
  manifestSha256: string | undefined,
  adapters: ExamSetting['adapters'],
): ExamSetting {
  const { name, dtype, vocabularySize, parameters, randomWeights, contextLength, runtime } = model;
  const { vendor = '', architecture = '', description = '' } = runtime.adapter ?? {};
  return {
    ...{ name, manifestSha256, decoder: dtype.decoder, vocabularySize, parameters, randomWeights, contextLength },
    provider: runtime.provider,
    device: runtime.provider === 'webgpu' ? [vendor, architecture, description].filter(Boolean).join(' ') : '',
    adapters: adapters.map(({ name, rank, strength }) => ({ name, rank, strength })),
  };
}
