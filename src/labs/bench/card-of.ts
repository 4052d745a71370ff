/** Makes the run card of what was measured so far. */
import { decodeBytesPerToken } from '#core/budget/roofline.ts';
import type { Bandwidth, PackageFacts } from '#core/protocol/bench.ts';
import type { ModelInfo } from '#core/protocol/engine.ts';
import {
  DEVICE_NOTES,
  PEER,
  RUN_CARD_FORMAT,
  type CardAgreement,
  type CardEngine,
  type CardRoofline,
  type DeviceKind,
  type RunCard,
} from '#core/run-card/run-card.ts';
import { firstDifference } from '#core/run-card/spread.ts';
import { browserAndSystem } from '../../platform/browser-name.ts';
import type { MeasuredRound } from './comparison.ts';
import type { Plan } from './plan.ts';
import { labVersion, onnxruntimeVersion } from './versions.ts';

export interface Measured {
  plan: Plan;
  facts: PackageFacts;
  model: ModelInfo;
  bandwidth: Bandwidth | undefined;
  /** In the order of the engines. */
  engines: readonly string[];
  rounds: readonly MeasuredRound[];
  failures: ReadonlyMap<string, string>;
}

export function cardOf(measured: Measured, now: Date): RunCard {
  const { plan, facts, model, engines, rounds } = measured;
  const { adapter } = model.runtime;
  const kind = kindOf(model);
  const { browser, system } = browserAndSystem();
  const finished = engines.every((engine) => roundsOf(rounds, engine).length === plan.rounds);
  return {
    format: RUN_CARD_FORMAT,
    created: now.toISOString(),
    model: {
      name: model.name.slice(0, 300),
      ...(facts.manifestSha256 !== undefined && { manifestSha256: facts.manifestSha256 }),
      decoder: model.dtype.decoder,
      ...(model.dtype.vision !== undefined && { vision: model.dtype.vision }),
      ...(model.parameters !== undefined && { parameters: model.parameters }),
      randomWeights: model.randomWeights,
    },
    device: {
      kind,
      note: DEVICE_NOTES[kind],
      adapter: adapter ? adapterName(adapter) : '',
      browser,
      system,
      processors: navigator.hardwareConcurrency,
    },
    versions: {
      lab: labVersion,
      onnxruntimeWeb: onnxruntimeVersion,
      transformersJs: rounds.find(({ engine }) => engine === PEER)?.version ?? '',
    },
    settings: {
      length: plan.length,
      rounds: plan.rounds,
      newTokens: plan.newTokens,
      contexts: [...plan.contexts],
      isComplete: finished,
    },
    engines: engines.map((engine) => cardEngine(engine, measured)),
    agreement: agreements(measured),
    ...withRoofline(measured),
  };
}

function cardEngine(engine: string, { rounds, failures }: Measured): CardEngine {
  const own = roundsOf(rounds, engine);
  const failure = failures.get(engine);
  return {
    engine,
    version: own[0]?.version ?? '',
    ...(failure !== undefined && { failure: failure.slice(0, 1000) }),
    rounds: own.map(({ round }) => round),
  };
}

export function kindOf({ runtime: { provider, adapter } }: ModelInfo): DeviceKind {
  if (provider !== 'webgpu') return 'cpu';
  return adapter?.isFallback === true ? 'software-gpu' : 'gpu';
}

function adapterName({ vendor, architecture, description }: NonNullable<ModelInfo['runtime']['adapter']>): string {
  return [vendor, architecture, description].filter(Boolean).join(' ').slice(0, 300);
}

function roundsOf(rounds: readonly MeasuredRound[], engine: string): readonly MeasuredRound[] {
  return rounds.filter((round) => round.engine === engine);
}

/** Every answer of every engine beside the first answer of the first engine. */
function agreements({ plan, engines, rounds }: Measured): CardAgreement[] {
  return plan.contexts.flatMap((contextTokens, index) => {
    const reference = rounds[0]?.ids[index];
    if (!reference) return [];
    return engines.flatMap((engine): CardAgreement[] => {
      const answers = roundsOf(rounds, engine).flatMap(({ ids }) => (ids[index] ? [ids[index]] : []));
      if (answers.length === 0) return [];
      const places = answers.map((ids) => firstDifference(reference, ids)).filter((place) => place !== undefined);
      const comparedTokens = answers.reduce((sum, ids) => sum + ids.length, 0);
      const first = places.length > 0 ? { firstDifference: Math.min(...places) + 1 } : {};
      return [{ contextTokens, engine, comparedTokens, ...first }];
    });
  });
}

function withRoofline({ plan, facts, model, bandwidth }: Measured): { roofline?: CardRoofline } {
  const weightBytes = facts.decoderBytes[model.dtype.decoder];
  if (!bandwidth || weightBytes === undefined || model.runtime.provider !== 'webgpu') return {};
  const bytesPerNumber = /f16$|^fp16$/u.test(model.dtype.decoder) ? 2 : 4;
  const points = plan.contexts.map((contextTokens) => ({
    contextTokens,
    // On average over the answer.
    bytesPerToken: decodeBytesPerToken(
      weightBytes,
      facts.kv,
      contextTokens - Math.floor(plan.newTokens / 2),
      bytesPerNumber,
    ),
  }));
  return { roofline: { bytesPerSecond: Number(bandwidth.bytesPerSecond.toPrecision(4)), points } };
}
