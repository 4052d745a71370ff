import { DEVICE_NOTES, OURS, PEER, RUN_CARD_FORMAT, type CardRound, type RunCard } from '#core/run-card/run-card.ts';

function round(decode: number, load: number): CardRound {
  return {
    loadMilliseconds: load,
    gpuLiveBytes: 2_000_000,
    gpuPeakBytes: 3_000_000,
    wasmBytes: 16_777_216,
    answers: [
      {
        contextTokens: 128,
        promptTokens: 96,
        newTokens: 32,
        firstTokenMilliseconds: 80,
        prefillTokensPerSecond: 1200,
        decodeTokensPerSecond: decode,
      },
    ],
    image: { promptTokens: 280, firstTokenMilliseconds: 400 },
  };
}

/** A card of three rounds: decode 30, 40, 50 tok/s and 20, 20, 40. */
export function exampleCard(): RunCard {
  return {
    format: RUN_CARD_FORMAT,
    created: '2026-11-29T09:00:00.000Z',
    model: {
      name: 'medgemma-4b',
      manifestSha256: 'a'.repeat(64),
      decoder: 'q4',
      vision: 'q8',
      parameters: 4_300_000_000,
      randomWeights: false,
    },
    device: {
      kind: 'gpu',
      note: DEVICE_NOTES.gpu,
      adapter: 'apple metal-3',
      browser: 'Google Chrome 156',
      system: 'macOS',
      processors: 8,
    },
    versions: { lab: '0.2.0', onnxruntimeWeb: '1.31.0', transformersJs: '4.3.1' },
    settings: { length: 'quick', rounds: 3, newTokens: 32, contexts: [128], isComplete: true },
    engines: [
      { engine: OURS, version: '0.2.0', rounds: [round(30, 900), round(50, 800), round(40, 1000)] },
      { engine: PEER, version: '4.3.1', rounds: [round(20, 1000), round(20, 1000), round(40, 1000)] },
    ],
    agreement: [
      { contextTokens: 128, engine: OURS, comparedTokens: 96 },
      { contextTokens: 128, engine: PEER, comparedTokens: 96, firstDifference: 7 },
    ],
    roofline: { bytesPerSecond: 100e9, points: [{ contextTokens: 128, bytesPerToken: 1e9 }] },
  };
}
