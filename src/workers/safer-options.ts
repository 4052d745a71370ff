/** The next safer way to run a model that failed its self-test. */
import type { Failure } from '#core/failure.ts';
import { SELF_TEST_PARTS, type OpenOptions } from '#core/protocol/engine.ts';
import { keepSelfTest } from './self-tests.ts';

/**
 * What is given up. no-subgroups: subgroup operations of the GPU · float32: the variant that computes in float16 · cpu: the GPU. Graph
 * capture, which comes before these, the engine itself turns off.
 */
export type StepDown = 'no-subgroups' | 'float32' | 'cpu';

/** @returns undefined where there is no safer way: on the CPU */
export function saferOptions(
  options: OpenOptions,
  { detail }: Failure,
): { step: StepDown; options: OpenOptions } | undefined {
  if (detail['subgroups'] === 'on') return { step: 'no-subgroups', options: { ...options, subgroups: false } };
  const { fullVariant } = detail;
  if (typeof fullVariant === 'string' && fullVariant !== '')
    return { step: 'float32', options: { ...options, variant: fullVariant } };
  if (detail['provider'] !== 'webgpu') return undefined;
  const { variant: _, ...rest } = options;
  return { step: 'cpu', options: { ...rest, provider: 'wasm' } };
}

/** Keeps the result of a failed self-test, so that the next visit does not load the model for it. */
export function keepFailedTest({ detail }: Failure): void {
  const part = SELF_TEST_PARTS.find((name) => name === detail['part']);
  if (typeof detail['key'] === 'string' && part) keepSelfTest(detail['key'], part);
}
