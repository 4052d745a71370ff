/** Adapters and the places beside a decoder's products. */
import { describe, expect, it } from 'vitest';
import type { Adapter, LoraModule } from '#core/lora/adapter.ts';
import { describeAdapter, describeModule } from '#core/lora/describe.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { checkBranches, targetsOf } from '#core/lora/branches.ts';
import { lowRankSvd, truncateAdapter } from '#core/lora/svd.ts';
import type { Projection } from '#core/gemma3/projections.ts';
import type { LoraBranch } from '#core/onnx/patch/lora-branches.ts';

function module(layer: number, target: Projection, rank = 2): LoraModule {
  const [inputs, outputs] = [6, 4];
  const name = target.startsWith('q') || target.startsWith('o') ? 'self_attn' : 'mlp';
  return {
    ...{ parameter: `model.layers.${layer}.${name}.${target}.weight`, layer, target, inputs, outputs, rank, scale: 2 },
    a: Float32Array.from({ length: rank * inputs }, (_, i) => Math.sin(i + layer)),
    b: Float32Array.from({ length: outputs * rank }, (_, i) => Math.cos(3 * i)),
  };
}

function adapter(...modules: LoraModule[]): Adapter {
  const config = { ...parseAdapterConfig({ peft_type: 'LORA', r: 2, lora_alpha: 4 }), baseModel: 'x' };
  return { config, modules, others: [], saved: [], vocabularySize: 16, missing: ['model.layers.1.mlp.up_proj'] };
}

const branch = (layer: number, target: Projection, sizes: Partial<LoraBranch> = {}): LoraBranch => ({
  ...{ layer, target, inputs: 6, outputs: 4, type: 'float32' },
  ...{ a: `lora.${layer}.${target}.A`, b: `lora.${layer}.${target}.B` },
  ...sizes,
});

describe('targetsOf', () => {
  it('gives each projection once, in the order of a layer', () => {
    const both = [
      adapter(module(0, 'o_proj'), module(1, 'o_proj')),
      adapter(module(0, 'q_proj'), module(3, 'down_proj')),
    ];
    expect(targetsOf(both)).toEqual(['q_proj', 'o_proj', 'down_proj']);
    expect(targetsOf([])).toEqual([]);
  });
});

describe('checkBranches', () => {
  const branches = [branch(0, 'q_proj'), branch(1, 'q_proj'), branch(0, 'o_proj')];

  it('lets an adapter pass that has a place for each module, and leaves places empty', () => {
    expect(() => checkBranches(adapter(module(1, 'q_proj')), branches, 'decoder.onnx')).not.toThrow();
  });

  it('names the parameter that has none', () => {
    expect(() => checkBranches(adapter(module(0, 'q_proj'), module(1, 'o_proj')), branches, 'decoder.onnx')).toThrow(
      'decoder.onnx: the graph has no product of its own for model.layers.1.self_attn.o_proj.weight',
    );
  });

  it('names the parameter whose product is of another size', () => {
    const wide = [branch(0, 'q_proj', { outputs: 8 })];
    expect(() => checkBranches(adapter(module(0, 'q_proj')), wide, 'decoder.onnx')).toThrow(
      'decoder.onnx: the product of model.layers.0.self_attn.q_proj.weight is of [8, 6], the adapter is made for [4, 6]',
    );
  });
});

describe('describeAdapter', () => {
  it('counts the parameters of the shapes, and gives s · BA in figures', () => {
    const of = adapter(module(0, 'q_proj'), module(2, 'o_proj', 3));
    const modules = of.modules.map((one) => describeModule(one, lowRankSvd(one)));
    const info = describeAdapter('one', of, modules);
    expect(info).toMatchObject({
      name: 'one',
      rank: 2,
      alpha: 4,
      baseModel: 'x',
      parameters: 2 * (6 + 4) + 3 * (6 + 4),
      missing: { count: 1, first: 'model.layers.1.mlp.up_proj' },
    });
    expect(info.modules.map(({ layer, target, rank }) => [layer, target, rank])).toEqual([
      [0, 'q_proj', 2],
      [2, 'o_proj', 3],
    ]);
    for (const { updateNorm, singularValues } of info.modules)
      expect(updateNorm).toBeCloseTo(Math.hypot(...singularValues), 10);
    // Plain data: it crosses to the page.
    expect(structuredClone(info)).toEqual(info);
  });
});

describe('truncateAdapter', () => {
  it('cuts the modules of a larger rank and leaves the others', () => {
    const of = adapter(module(0, 'q_proj', 1), module(2, 'o_proj', 3));
    const cut = truncateAdapter(
      of,
      2,
      of.modules.map((one) => lowRankSvd(one)),
    );
    expect(cut.modules[0]).toBe(of.modules[0]);
    expect(cut.modules[1]).toMatchObject({ rank: 2, scale: 1 });
    expect(cut.modules[1]?.a).toHaveLength(12);
    expect(() => truncateAdapter(of, 0, [])).toThrow(RangeError);
  });
});
