import type { Projection } from '#core/gemma3/projections.ts';
import type { AdapterEntry } from './adapter-entry.svelte.ts';
import type { EngineClient } from '../../workers/engine.svelte.ts';
import { heatCells, parameterOf, strongestOf, type HeatCell } from '../../chat/adapter/heat.ts';
import type { AdapterList } from './adapter-list.svelte.ts';
import type { WeightNorms } from '../../workers/weight-norms.svelte.ts';

/** The adapter and the module that are inspected. */
export class Inside {
  #adapter = $state<string>();
  #cell = $state.raw<{ layer: number; target: Projection }>();
  readonly entry: AdapterEntry | undefined = $derived.by(() => {
    const looked = this.adapterList.entries.filter(({ info }) => info !== undefined);
    return looked.find(({ id }) => id === this.#adapter) ?? looked[0];
  });
  readonly cells: readonly HeatCell[] = $derived.by(() => {
    const { info, rank } = this.entry ?? {};
    return info ? heatCells(info, rank, this.norms.norms) : [];
  });
  /** The chosen cell; before a choice, the one with the largest change. */
  readonly cell = $derived.by(() => {
    const chosen = this.#cell;
    const found = this.cells.find(({ module }) => module.layer === chosen?.layer && module.target === chosen.target);
    return found ?? strongestOf(this.cells);
  });
  constructor(
    private readonly engine: EngineClient,
    private readonly adapterList: AdapterList,
    readonly norms: WeightNorms,
  ) {}

  look(adapter: string): void {
    this.#adapter = adapter;
  }

  choose(layer: number, target: Projection): void {
    this.#cell = { layer, target };
  }

  /** Reads ‖W‖ of the adapter's modules where it is not known yet. */
  async measure(): Promise<void> {
    const { model, source } = this.engine;
    const { info } = this.entry ?? {};
    if (!model || !source || !info) return;
    await this.norms.measure(model, source, info.modules.map(parameterOf));
  }
}
