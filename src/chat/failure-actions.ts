import type { Failure, FailureCode } from '#core/failure.ts';
import type { OpenOptions } from '#core/protocol/engine.ts';

/** An action that a failure notice offers; its label is the message `action.<name>`. */
export type Action =
  | 'answer-again'
  | 'retry'
  | 'read-terms'
  | 'reopen'
  | 'reload'
  | 'choose-model'
  | 'use-cpu'
  | 'use-auto'
  | 'shorter-context'
  | 'longer-context'
  | 'drop-oldest'
  | 'new-conversation'
  | 'without-images'
  | 'edit-question';

/** What failed: an answer, whose question waits on the page, or opening a model. */
export type Failed = 'answer' | 'opening';

/** What decides whether an action can help. */
export interface Situation {
  of: Failed;
  /** The package comes from an address: another try can bring other bytes. Those of a folder stay as they were picked. */
  fromAddress: boolean;
  provider: OpenOptions['provider'];
  hasWebGpu: boolean;
  canShortenContext: boolean;
  /** Longer context lengths that the model may still have, ascending. */
  longerContexts: readonly number[];
  /** An earlier turn is still sent. */
  canDropOldest: boolean;
  /** The last question. */
  hasText: boolean;
  images: number;
  /** Images of earlier turns that are still sent. */
  earlierImages: number;
  /** The conversation outlives a reload of the page. */
  isKept: boolean;
}

type Rule = (situation: Situation, detail: Failure['detail']) => readonly (Action | false)[];

/** Actions for a failure that can help, the most likely to help first. */
export function failureActions({ code, detail }: Failure, situation: Situation): Action[] {
  return rules[code](situation, detail).filter((action) => action !== false);
}

/** Ways on for an answer that was cut where the context ended. */
export function cutAnswerActions({ canDropOldest, longerContexts }: Situation): Action[] {
  const ways: (Action | false)[] = [
    canDropOldest && 'drop-oldest',
    longerContexts.length > 0 && 'longer-context',
    'new-conversation',
  ];
  return ways.filter((action) => action !== false);
}

export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(rules, text);
}

/** The shortest of the lengths that holds so many tokens and the beginning of an answer; undefined if none does. */
export function contextFor(tokens: number, lengths: readonly number[]): number | undefined {
  return lengths.find((length) => length >= tokens * 1.1);
}

/** Tokens by which a question is too long even without earlier turns; 0 if it fits, or if that is not known. */
export function tokensOver({ alone, limit }: Failure['detail']): number {
  return typeof alone === 'number' && typeof limit === 'number' ? Math.max(0, alone - limit) : 0;
}

const again = ({ of }: Situation): Action => (of === 'answer' ? 'answer-again' : 'reopen');

const fetched: Rule = ({ of, fromAddress }) => [
  of === 'answer' ? 'answer-again' : fromAddress && 'retry',
  'choose-model',
];

/** Files as they are: the same package fails again. */
const otherModel: Rule = () => ['choose-model'];

/** Only another address helps. */
const nothing: Rule = () => [];

/** Of labs only; they offer their own ways. */
const ofLab: Rule = () => [];

const contextFull: Rule = ({ canDropOldest, longerContexts, hasText, images }, detail) => {
  const { needed, alone, perImage } = detail;
  const over = tokensOver(detail);
  const isLongAlone = over > 0;
  // A question whose length is not known may be all there is.
  const hasHistory = canDropOldest && (alone === undefined || needed !== alone);
  const ofImages = typeof perImage === 'number' ? images * perImage : 0;
  const fits = typeof needed === 'number' ? contextFor(needed, longerContexts) : longerContexts[0];
  return [
    hasHistory && !isLongAlone && 'drop-oldest',
    fits !== undefined && 'longer-context',
    isLongAlone && 'edit-question',
    hasText && images > 0 && isLongAlone && ofImages >= over && 'without-images',
    hasHistory && !isLongAlone && 'new-conversation',
  ];
};

const image: Rule = ({ hasText, images, earlierImages }) => [
  hasText && images + earlierImages > 0 && 'without-images',
  'edit-question',
];

const rules: Readonly<Record<FailureCode, Rule>> = {
  'file-missing': fetched,
  'file-broken': fetched,
  // A stick may be in again by then, and what another tab deleted is downloaded again.
  'file-gone': (situation) => [again(situation), 'choose-model'],
  'hash-mismatch': fetched,
  'wrong-length': fetched,
  'cut-off': fetched,
  offline: fetched,
  network: (situation, detail) => [
    ...fetched(situation, detail),
    // A script of an older version of the page: only its new scripts know the new names.
    situation.isKept && String(detail['url']).endsWith('.worker') && 'reload',
  ],
  'rate-limited': fetched,
  'server-error': fetched,
  gated: fetched,
  'storage-full': fetched,
  'storage-locked': fetched,
  'no-storage': otherModel,
  'not-found': otherModel,
  'too-large': otherModel,
  'terms-not-accepted': () => ['read-terms', 'choose-model'],
  'unsupported-package': otherModel,
  'gpu-feature-missing': ({ provider }) => [provider !== 'wasm' && 'use-cpu', 'choose-model'],
  'too-large-for-cpu': ({ provider, hasWebGpu }) => [provider === 'wasm' && hasWebGpu && 'use-auto', 'choose-model'],
  'out-of-memory': (situation) => [
    situation.canShortenContext && 'shorter-context',
    // Other tabs may be closed by then.
    again(situation),
    'choose-model',
  ],
  'device-lost': (situation) => [again(situation), situation.provider !== 'wasm' && 'use-cpu', 'choose-model'],
  'self-test': otherModel,
  'insecure-context': nothing,
  'image-unreadable': image,
  'image-kind': image,
  'dicom-compressed': image,
  'no-vision': ({ hasText, images, earlierImages }) => [
    hasText && images + earlierImages > 0 && 'without-images',
    'choose-model',
  ],
  'context-full': contextFull,
  'no-model': (situation) => [again(situation), 'choose-model'],
  busy: (situation) => [again(situation)],
  stopped: (situation) => [again(situation)],
  'worker-restarted': (situation) => [again(situation)],
  'worker-crashed': (situation) => [again(situation), 'choose-model'],
  'worker-not-started': (situation) => [again(situation), situation.isKept && 'reload'],
  runtime: (situation) => [again(situation), 'choose-model'],
  'json-syntax': fetched,
  encoding: fetched,
  'unknown-file': otherModel,
  'other-file': otherModel,
  'not-a-tokenizer': otherModel,
  'unsupported-tokenizer': otherModel,
  sentencepiece: otherModel,
  'export-refused': otherModel,
  'checkpoint-changed': otherModel,
  'making-outdated': otherModel,
  'package-unfinished': otherModel,
  'no-ranges': otherModel,
  'embedding-unreadable': ofLab,
  'adapter-refused': ofLab,
  'no-lora-branches': ofLab,
  'training-refused': ofLab,
  pack: ofLab,
  'pack-base': ofLab,
  'no-base': ofLab,
  'exam-file': ofLab,
  'unknown-encoding': ofLab,
  'pair-without-tab': ofLab,
  'pair-no-korean': ofLab,
  'pair-no-english': ofLab,
  'pair-half-empty': ofLab,
  'no-pairs': ofLab,
  'text-too-long': ofLab,
  'no-text': ofLab,
  'no-hangul': ofLab,
  'too-little': ofLab,
  'no-pair': ofLab,
};
