import { FailureError, type Failure } from '#core/failure.ts';
import { fileGone } from '#core/files/file-gone.ts';
import { decodeSpeed } from '#core/budget/decode-speed.ts';
import { valueOf } from '#core/budget/expression.ts';
import { fitHere, fitOf, waysToFit, type Fit, type ProbedBytes, type Way } from '#core/budget/fit.ts';
import { packageBytes, planInference, totalOf } from '#core/budget/inference-plan.ts';
import { MACHINES, usableBytes, type Machine } from '#core/budget/machines.ts';
import { planTraining, trainingMethods } from '#core/budget/training-plan.ts';
import { stagesOf } from '#core/budget/training-stages.ts';
import { ConfigError, MAX_CONFIG_BYTES, parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
import { t } from '../../platform/locale.svelte.ts';
import { preflight } from '../../workers/preflight.svelte.ts';
import { configOf, DEFAULT_CHOICES, inferenceSettings, trainingSettings, type PlanChoices } from './choices.ts';
import { machineLabel } from './machine-label.ts';
import { linkTo, readPlan } from './share.ts';

/** A machine to plan for. */
export interface Candidate {
  name: string;
  /** Bytes that the page can count on. */
  usable: number;
  /** Bytes a second; undefined where it is not known. */
  bandwidth: number | undefined;
  /** Of this machine: how the usable bytes were found. */
  probe?: ProbedBytes;
}

function candidateOf(machine: Machine) {
  return { name: machineLabel(machine), usable: usableBytes(machine), bandwidth: machine.bandwidth };
}

/** A machine with what the plan means for it. */
export interface Judged {
  name: string;
  usable: number;
  /** unknown: the memory was not measured up to what is needed. */
  fit: Fit | 'unknown';
  /** Tokens a second, from the least to the most that is likely; undefined where the bandwidth is not known. */
  speed: { low: number; high: number } | undefined;
}

/** Everything the planner holds. What it shows follows from the choices. */
export class PlanLab {
  choices = $state.raw<PlanChoices>(DEFAULT_CHOICES);
  /** Config of the file that was brought, and its name. */
  file = $state.raw<{ name: string; config: Gemma3Config }>();
  /** Of the file. */
  failure = $state.raw<Failure>();
  /** Names of the address's parameters that cannot be read. */
  broken = $state.raw<readonly string[]>([]);
  #started = false;

  readonly config = $derived(configOf(this.choices, this.file?.config));
  readonly settings = $derived(inferenceSettings(this.choices, this.config));
  readonly figures = $derived(planInference(this.config, this.settings));
  readonly total = $derived(totalOf(this.figures));
  readonly needed = $derived(valueOf(this.total));
  readonly download = $derived(packageBytes(this.config, this.settings));
  readonly machines = $derived(
    MACHINES.map((machine) => {
      const { name, usable, bandwidth } = candidateOf(machine);
      return { machine, name, usable, fit: fitOf(this.needed, usable), speed: this.speedAt(bandwidth) };
    }),
  );

  constructor(readonly session: Session) {}

  /** Called at the first visit. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    place.onArrival((address) => this.#applyAddress(address));
  }

  change(changes: Partial<PlanChoices>): void {
    this.choices = { ...this.choices, ...changes };
  }

  /** This machine, once its memory was measured. */
  get here(): Candidate | undefined {
    const { probe, bandwidth } = preflight;
    if (!probe || probe.end === 'lost' || probe.end === 'no-adapter') return undefined;
    return { name: t('plan.here'), usable: probe.bytes, bandwidth: bandwidth?.bytesPerSecond, probe };
  }

  /** The machine that the verdict is about; without a measurement of this one, the first of the list. */
  get candidate(): Candidate {
    const { machine } = this.choices;
    const known = MACHINES.find(({ name }) => name === machine) ?? MACHINES[0];
    if (!known) throw new TypeError('there are no machines');
    const { here } = this;
    return machine === 'this' && here ? here : candidateOf(known);
  }

  judge({ name, usable, bandwidth, probe }: Candidate): Judged {
    const speed = bandwidth === undefined ? undefined : this.speedAt(bandwidth);
    return { name, usable, fit: probe ? fitHere(this.needed, probe) : fitOf(this.needed, usable), speed };
  }

  /** @param bandwidth of the GPU's memory, bytes a second */
  speedAt(bandwidth: number): { low: number; high: number } {
    const { low, high } = this.speedFormulas(bandwidth);
    return { low: valueOf(low), high: valueOf(high) };
  }

  speedFormulas(bandwidth: number) {
    const { storage, addedTokens, contextLength } = this.settings;
    return decodeSpeed(this.config, { storage, addedTokens, contextTokens: contextLength }, bandwidth);
  }

  waysInto(usable: number): readonly Way[] {
    const isHere = this.choices.machine === 'this';
    const hasHalf = !isHere || preflight.report?.names.shaderF16 === true;
    return waysToFit(this.config, this.settings, usable, hasHalf);
  }

  /** Every way to train, with its figures. */
  get training() {
    const { config } = this;
    const settings = trainingSettings(this.choices);
    const methods = trainingMethods(settings.addedTokens);
    const names = ['lora', 'qlora', 'embedding', 'full'] as const;
    return names.map((name) => ({ name, ...planTraining(config, methods[name], settings) }));
  }

  /** The stages of a larger vocabulary; those with layers once for each way to train them. */
  get stages() {
    const { config } = this;
    const settings = trainingSettings(this.choices);
    return stagesOf(config.text.tiedEmbedding).flatMap((stage) =>
      (stage.inner ? (['full', 'lora', 'qlora'] as const) : (['full'] as const)).map((inner) => ({
        stage,
        inner,
        ...planTraining(config, { stage, inner, isStage: true }, settings),
      })),
    );
  }

  /** Reads the first config.json among files that were dropped or chosen. */
  async addFiles(files: readonly File[]): Promise<void> {
    const file = files.find(({ name }) => name === 'config.json') ?? files.find(({ name }) => /\.json$/iu.test(name));
    if (!file) {
      const [other] = files;
      if (other) this.failure = { code: 'file-missing', detail: { file: 'config.json' } };
      return;
    }
    this.failure = undefined;
    try {
      this.file = { name: file.name, config: await readConfigFile(file) };
      this.change({ model: 'file', tied: undefined });
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.failure = error.failure;
    }
  }

  link(page: string): string {
    return linkTo(this.choices, this.file?.config, page);
  }

  #applyAddress({ lab, query }: Address): void {
    if (lab !== 'plan' || query.size === 0) return;
    const { choices, config, broken } = readPlan(query);
    this.choices = choices;
    if (config) this.file = { name: 'config.json', config };
    this.broken = broken;
  }
}

/** @throws FailureError `too-large`, `file-broken`, `file-gone` */
async function readConfigFile(file: File): Promise<Gemma3Config> {
  const { name, size } = file;
  if (size > MAX_CONFIG_BYTES)
    throw new FailureError('too-large', { file: name, bytes: size, limit: MAX_CONFIG_BYTES });
  try {
    return parseConfig(JSON.parse(await file.text()));
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SyntaxError)
      throw new FailureError('file-broken', { file: name, reason: error.message });
    throw fileGone(name, error);
  }
}
