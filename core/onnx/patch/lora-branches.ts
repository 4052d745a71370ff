/**
 * Adds LoRA branches to the projections of the decoder's layers: y = Wx becomes Wx + (x · A) · B, with A and B as graph inputs.
 * Adapters and their strengths can then change without reloading the session and its weights. A branch has two matrix products;
 * the second one also adds Wx, to save a dispatch per decoded token.
 */
import { create } from '@bufbuild/protobuf';
import { PROJECTIONS, type Projection } from '../../gemma3/projections.ts';
import { makeTensor, valueInfo, type ElementType } from '../builder.ts';
import { allGraphs, mainGraph, OnnxError, storedValues } from '../model.ts';
import { NodeProtoSchema, type ModelProto, type NodeProto } from '../onnx_pb.ts';

/** The LoRA branch of one projection. */
export interface LoraBranch {
  layer: number;
  target: Projection;
  /** Columns and rows of W. */
  inputs: number;
  outputs: number;
  /**
   * Names of the graph inputs A [inputs, lora_rank] and B [lora_rank, outputs]: PEFT's Aᵀ, and its Bᵀ times scale and
   * strength.
   */
  a: string;
  b: string;
  type: 'float32' | 'float16';
}

const PRODUCT = new RegExp(`layers\\.(\\d+)[./](?:self_attn|attn|mlp)[./](${PROJECTIONS.join('|')})[./]MatMul`, 'u');
const RANK = 'lora_rank';
/** Gemm has no batch axis; the batch size is always 1. */
const BATCH_AXIS = 'lora.batch_axis';

/**
 * Adds a branch to every projection of `targets`, in all bodies of the decoder; the bodies share the inputs.
 * All branches have the same rank, the sum of the adapters' ranks, which may change with every run.
 * @returns one branch per projection, sorted by layer; empty if the decoder's node names do not identify its projections
 * @throws OnnxError if the sizes of a projection cannot be determined
 */
export function addLoraBranches(model: ModelProto, targets: readonly Projection[]): LoraBranch[] {
  const root = mainGraph(model);
  const branches = new Map<string, LoraBranch>();
  const stored = storedValues(root);
  for (const graph of allGraphs(root)) {
    const patched: NodeProto[] = [];
    for (const node of graph.node) {
      patched.push(node);
      const [, layer, name] = PRODUCT.exec(node.name) ?? [];
      const target = targets.find((wanted) => wanted === name);
      if (layer === undefined || target === undefined) continue;
      const weight = stored.get(node.input[node.opType === 'MatMulNBits' ? 2 : 1] ?? '');
      const size = sizes(node, weight?.tensor.dims.map(Number) ?? []);
      const type = weight && typeOf(weight.dataType);
      if (!size || !type) throw new OnnxError(`the size of ${node.name} is unknown, so it cannot get a LoRA branch`);
      const key = `lora.${layer}.${target}`;
      const branch = branches.get(key) ?? { layer: Number(layer), target, ...size, a: `${key}.A`, b: `${key}.B`, type };
      branches.set(key, branch);
      patched.push(...branchNodes(node, branch));
    }
    graph.node = patched;
  }
  const ordered = [...branches.values()].sort((x, y) => x.layer - y.layer);
  for (const { a, b, inputs, outputs, type } of ordered) {
    root.input.push(valueInfo(a, type, [inputs, RANK]), valueInfo(b, type, [RANK, outputs]));
  }
  if (ordered.length > 0) root.initializer.push(makeTensor(BATCH_AXIS, 'int64', [1], new Uint8Array(8)));
  return ordered;
}

/** The nodes of the branch; their sum takes over the output name of the projection. */
function branchNodes(product: NodeProto, { a, b }: LoraBranch): NodeProto[] {
  const [x, y] = [product.input[0] ?? '', product.output[0] ?? ''];
  const alone = `${y}/without_lora`;
  product.output[0] = alone;
  const node = (opType: string, input: string[], step: string, output = `${y}/lora/${step}`) =>
    create(NodeProtoSchema, { name: `${product.name}/lora/${step}`, opType, input, output: [output] });
  return [
    node('MatMul', [x, a], 'A'),
    node('Squeeze', [`${y}/lora/A`, BATCH_AXIS], 'Rows'),
    node('Squeeze', [alone, BATCH_AXIS], 'Alone'),
    node('Gemm', [`${y}/lora/Rows`, b, `${y}/lora/Alone`], 'B'),
    node('Unsqueeze', [`${y}/lora/B`, BATCH_AXIS], 'Batch', y),
  ];
}

function sizes(node: NodeProto, dims: readonly number[]): { inputs: number; outputs: number } | undefined {
  const attribute = (name: string) => Number(node.attribute.find((candidate) => candidate.name === name)?.i ?? 0);
  const [inputs = 0, outputs = 0] = node.opType === 'MatMulNBits' ? [attribute('K'), attribute('N')] : dims;
  return inputs > 0 && outputs > 0 ? { inputs, outputs } : undefined;
}

function typeOf(dataType: number): (ElementType & ('float32' | 'float16')) | undefined {
  return dataType === 1 ? 'float32' : dataType === 10 ? 'float16' : undefined;
}
