import { fetchFile } from '#core/fetch/fetch-file.ts';
import { FailureError, type Failure } from '#core/failure.ts';
import { kindAmong, otherKind, otherKindFailure } from '#core/files/folder-kind.ts';
import { KIND_BYTES } from '#core/files/kind.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { WeightsSource } from '#core/protocol/weights.ts';
import { network } from '../../platform/network.ts';
import { place, type Address } from '../../platform/place.svelte.ts';
import type { Session } from '../../chat/session.svelte.ts';
import { Microscope } from './microscope.svelte.ts';
import { presets, settingsOf } from './presets.ts';
import { readShared, type Shared, type SheetSize, type Step } from './share.ts';
import { Trials } from './trials.svelte.ts';

/** The teaching model before quantization: a checkpoint in fp16. */
const ORIGINAL = { folder: 'models/teaching-ko-fp16/', weights: 'model.safetensors' };
/** The teaching model has 8 MB. */
const MAX_ORIGINAL_BYTES = 1_000_000_000;

/** Everything the quantization lab holds. */
export class QuantLab {
  readonly original: PackageSource & { type: 'url' };
  readonly microscope = new Microscope();
  readonly trials: Trials;
  step = $state<Step>(1);
  /** Number of phantoms that the visitor chose; undefined: the default for the speed of this machine. */
  chosenSize = $state<SheetSize>();
  /** Names of the link's parameters that cannot be read. */
  broken = $state.raw<readonly string[]>([]);
  /** True if the last added files contained no safetensors file. */
  refused = $state(false);
  /** What they are instead, where that is known. */
  otherFiles = $state.raw<Failure>();
  readonly size: SheetSize = $derived(this.chosenSize ?? (this.slow ? 10 : 50));
  #started = false;

  /** @param page address of the page */
  constructor(
    page: string,
    private readonly session: Session,
  ) {
    this.original = { type: 'url', url: new URL(ORIGINAL.folder, page).href };
    this.trials = new Trials(
      this.original,
      () => this.size,
      () => session.settings.provider,
    );
  }

  /** True without a hardware GPU. */
  get slow(): boolean {
    const { model } = this.session.engine;
    return model !== undefined && (model.runtime.provider === 'wasm' || model.runtime.adapter?.isFallback === true);
  }

  /** Called at the first visit: applies the address, then opens the original. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    place.onArrival((address) => this.#applyAddress(address));
    void this.openOriginal();
  }

  async openOriginal(): Promise<void> {
    this.refused = false;
    await this.microscope.open('original', async () => {
      const url = new URL(ORIGINAL.weights, this.original.url).href;
      const file = await fetchFile(network, {
        url,
        file: ORIGINAL.folder.split('/').slice(-2).join('/') + ORIGINAL.weights,
        limit: MAX_ORIGINAL_BYTES,
        progress: (_, doneBytes, totalBytes = doneBytes) => {
          // Something else may have been opened meanwhile.
          if (this.microscope.origin === 'original')
            this.microscope.opening = { file: ORIGINAL.weights, doneBytes, totalBytes };
        },
      });
      return { type: 'safetensors', name: ORIGINAL.folder.split('/')[1] ?? '', file };
    });
  }

  /** Opens the package that the chat has open, or failed to open. */
  async openPackage(): Promise<void> {
    const { source } = this.session.engine;
    this.refused = false;
    await this.microscope.open('open-package', () => {
      if (!source) return Promise.reject(new FailureError('no-model'));
      return Promise.resolve<WeightsSource>({ type: 'package', source });
    });
  }

  /** Opens the first safetensors file among picked or dropped files. */
  addFiles(files: readonly File[]): void {
    const file = files.find(({ name }) => /\.safetensors$/iu.test(name));
    this.refused = file === undefined;
    this.otherFiles = undefined;
    if (!file) {
      void this.#nameOthers(files);
      return;
    }
    void this.microscope.open('file', () => Promise.resolve({ type: 'safetensors', name: file.name, file }));
  }

  async #nameOthers(files: readonly File[]): Promise<void> {
    const byName = new Map(files.map((file) => [file.name, file]));
    const names = [...byName.keys()];
    const head = async (name: string) =>
      new Uint8Array((await byName.get(name)?.slice(0, KIND_BYTES).arrayBuffer()) ?? new ArrayBuffer(0));
    const kind = otherKind('checkpoint', names) ?? (await kindAmong('checkpoint', names, head));
    this.otherFiles = kind && otherKindFailure('checkpoint', kind).failure;
  }

  /** Runs a step of the guided path. */
  async take(step: Step): Promise<void> {
    this.step = step;
    if (step === 1) this.microscope.set(settingsOf('q8'));
    else if (step === 2) this.microscope.set(settingsOf('q4'));
    else if (step === 3) this.microscope.set(settingsOf('q2'));
    else if (step === 4) {
      this.trials.parts = presets.q2;
      await this.trials.run([presets.q4, presets.q2]);
    } else {
      this.trials.parts = presets.mixed;
      await this.trials.run([presets.mixed]);
    }
  }

  /** The state that a link stores. */
  shared(): Shared {
    const { microscope, trials } = this;
    return {
      step: this.step,
      matrix: microscope.matrix,
      settings: microscope.settings,
      row: microscope.row,
      column: microscope.column,
      parts: trials.parts,
      set: trials.set,
      phantoms: this.chosenSize,
      tried: trials.trials.flatMap(({ subject }) => (subject.type === 'parts' ? [subject.parts] : [])),
    };
  }

  #applyAddress({ lab, query }: Address): void {
    if (lab !== 'quant' || query.size === 0) return;
    const { found, broken } = readShared(query);
    this.broken = broken;
    const { microscope, trials } = this;
    this.step = found.step ?? this.step;
    this.chosenSize = found.phantoms ?? this.chosenSize;
    trials.parts = found.parts ?? trials.parts;
    if (found.set !== undefined) trials.drawNew(found.set);
    // Trials take minutes, so the visitor starts them.
    trials.announce(found.tried ?? []);
    if (found.matrix !== undefined) microscope.choose(found.matrix);
    [microscope.row, microscope.column] = [found.row ?? microscope.row, found.column ?? microscope.column];
    microscope.set(found.settings ?? microscope.settings);
  }
}
