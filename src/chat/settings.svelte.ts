import type { Sampling } from '#core/sampling/sampling.ts';
import type { GraphCaptureOptions, OpenOptions, PromptLookup } from '#core/protocol/engine.ts';
import { readStored, writeStored } from '../platform/stored.ts';
import { knownStepTimes } from './step-times.ts';

export const contextLengths: readonly number[] = [512, 1024, 2048, 4096, 8192, 16384, 32768];

/** [minimum, maximum] of each number. */
export const ranges = {
  temperature: [0, 2],
  topK: [0, 256],
  topP: [0.05, 1],
  repetitionPenalty: [1, 2],
  seed: [0, 0xffffffff],
  maxNewTokens: [16, 8192],
} as const;

type NumberName = keyof typeof ranges;

/** Tokens asked for where nobody chose. */
export const defaultContextLength = 4096;

/** Greedy decoding, as in the model card. */
const defaults = {
  systemText: '',
  temperature: 0,
  topK: 64,
  topP: 0.95,
  repetitionPenalty: 1,
  randomSeed: true,
  seed: 42,
  maxNewTokens: 1024,
  contextLength: defaultContextLength,
  provider: 'auto' as OpenOptions['provider'],
  graphCapture: 'auto' as GraphCaptureOptions['mode'],
  promptLookup: 'auto' as PromptLookup,
};

const key = 'settings';

/** The visitor’s settings; `toJSON` returns what is stored. */
export class Settings {
  systemText = $state(defaults.systemText);
  temperature = $state(defaults.temperature);
  topK = $state(defaults.topK);
  topP = $state(defaults.topP);
  repetitionPenalty = $state(defaults.repetitionPenalty);
  randomSeed = $state(defaults.randomSeed);
  seed = $state(defaults.seed);
  maxNewTokens = $state(defaults.maxNewTokens);
  contextLength = $state(defaults.contextLength);
  provider = $state(defaults.provider);
  graphCapture = $state(defaults.graphCapture);
  promptLookup = $state(defaults.promptLookup);

  constructor() {
    this.#restore(readStored(key));
  }

  /** Resets how answers are made: sampling, system text, prompt lookup; what a model is opened with stays. */
  reset(): void {
    const { contextLength, provider, graphCapture } = this;
    Object.assign(this, defaults, { contextLength, provider, graphCapture });
  }

  save(): void {
    writeStored(key, JSON.stringify(this));
  }

  toJSON(): typeof defaults {
    const { systemText, temperature, topK, topP, repetitionPenalty, randomSeed, seed } = this;
    const { maxNewTokens, contextLength, provider, graphCapture, promptLookup } = this;
    const sampling = { temperature, topK, topP, repetitionPenalty, randomSeed, seed };
    return { systemText, ...sampling, maxNewTokens, contextLength, provider, graphCapture, promptLookup };
  }

  /** A new seed for each answer, unless the visitor fixed one. */
  sampling(): Sampling {
    const { temperature, topK, topP, repetitionPenalty } = this;
    const seed = this.randomSeed ? (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) : this.seed;
    return { temperature, topK, topP, repetitionPenalty, seed };
  }

  openOptions(): OpenOptions {
    const { contextLength, provider, graphCapture } = this;
    return { contextLength, provider, graphCapture: { mode: graphCapture, known: knownStepTimes() } };
  }

  /** Sets a number, clamped to its range. Ignores values that are not finite. */
  setNumber(name: NumberName, value: number): void {
    if (!Number.isFinite(value)) return;
    const [least, most] = ranges[name];
    this[name] = Math.min(most, Math.max(least, value));
  }

  // The stored text may come from an older version or be edited by hand: each field is checked, and bad ones are ignored.
  #restore(text: string | undefined): void {
    if (text === undefined) return;
    let kept: unknown;
    try {
      kept = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof kept !== 'object' || kept === null) return;
    const fields = new Map<string, unknown>(Object.entries(kept));
    const numbers: NumberName[] = ['temperature', 'topK', 'topP', 'repetitionPenalty', 'seed', 'maxNewTokens'];
    for (const name of numbers) {
      const value = fields.get(name);
      if (typeof value === 'number') this.setNumber(name, value);
    }
    const { systemText, randomSeed, contextLength, provider, graphCapture, promptLookup } = Object.fromEntries(fields);
    if (typeof systemText === 'string') this.systemText = systemText;
    if (typeof randomSeed === 'boolean') this.randomSeed = randomSeed;
    this.contextLength = contextLengths.find((length) => length === contextLength) ?? defaults.contextLength;
    if (provider === 'auto' || provider === 'webgpu' || provider === 'wasm') this.provider = provider;
    if (graphCapture === 'auto' || graphCapture === 'on' || graphCapture === 'off') this.graphCapture = graphCapture;
    if (promptLookup === 'auto' || promptLookup === 'on' || promptLookup === 'off') this.promptLookup = promptLookup;
  }
}
