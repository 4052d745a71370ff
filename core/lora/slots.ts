/** Whether adapters find their places beside the products of a decoder. */
import { PROJECTIONS, type Projection } from '../gemma3/projections.ts';
import type { LoraSlot } from '../onnx/patch/lora-slots.ts';
import type { Adapter } from './adapter.ts';
import { AdapterError } from './error.ts';

/** The projections that these adapters are on, each once, in the order of PROJECTIONS. */
export function targetsOf(adapters: readonly Adapter[]): Projection[] {
  const found = new Set(adapters.flatMap(({ modules }) => modules.map(({ target }) => target)));
  return PROJECTIONS.filter((target) => found.has(target));
}

/**
 * @param file the decoder's graph, for the message
 * @throws AdapterError where a module of the adapter has no slot, or one beside a product of another size
 */
export function checkSlots({ modules }: Adapter, slots: readonly LoraSlot[], file: string): void {
  const places = new Map(slots.map((slot) => [`${slot.layer}.${slot.target}`, slot]));
  for (const { layer, target, parameter, inputs, outputs } of modules) {
    const slot = places.get(`${layer}.${target}`);
    if (!slot) throw new AdapterError(file, `the graph has no product of its own for ${parameter}`);
    if (slot.inputs === inputs && slot.outputs === outputs) continue;
    throw new AdapterError(
      file,
      `the product of ${parameter} is of [${slot.outputs}, ${slot.inputs}], the adapter is made for [${outputs}, ${inputs}]`,
    );
  }
}
