import type { FailureCode } from '#core/failure.ts';

/** An action that a failure notice offers; its label is the message `action.<name>`. */
export type Action =
  | 'retry'
  | 'reopen'
  | 'choose-model'
  | 'use-cpu'
  | 'shorter-context'
  | 'longer-context'
  | 'drop-oldest'
  | 'new-conversation'
  | 'without-images';

/** Actions for a failure, the most likely to help first. A failure without a list can be tried again. */
export function failureActions(code: FailureCode): readonly Action[] {
  return actions[code] ?? ['retry'];
}

const actions: Readonly<Partial<Record<FailureCode, readonly Action[]>>> = {
  'file-missing': ['retry', 'choose-model'],
  'file-broken': ['retry', 'choose-model'],
  'embedding-unreadable': ['choose-model'],
  'hash-mismatch': ['retry', 'choose-model'],
  offline: ['retry', 'choose-model'],
  network: ['retry', 'choose-model'],
  gated: ['choose-model', 'retry'],
  'rate-limited': ['retry', 'choose-model'],
  'server-error': ['retry', 'choose-model'],
  'too-large': ['choose-model'],
  'unsupported-package': ['choose-model'],
  'gpu-feature-missing': ['use-cpu', 'choose-model'],
  'too-large-for-cpu': ['choose-model'],
  'out-of-memory': ['shorter-context', 'choose-model'],
  'device-lost': ['reopen'],
  'image-unreadable': ['without-images'],
  'image-kind': ['without-images'],
  'dicom-compressed': ['without-images'],
  'no-vision': ['without-images', 'choose-model'],
  'context-full': ['drop-oldest', 'longer-context', 'new-conversation'],
  'adapter-refused': [],
  'no-lora-branches': ['choose-model'],
  'no-model': ['choose-model'],
  'worker-crashed': ['reopen', 'choose-model'],
  runtime: ['reopen', 'choose-model'],
};
