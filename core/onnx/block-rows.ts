/** Rows of a block-quantized matrix, dequantized by the operator that embeds tokens. */
import type { Attribute, Value } from './builder.ts';

export interface QuantizedBlocks {
  /** uint8 [rows, blocks, blockSize · bits / 8], every zero point 2^(bits − 1). */
  packed: Value;
  /** [rows, blocks] */
  scales: Value;
  bits: number;
  blockSize: number;
}

/** Adds a node and returns its output. */
export type AddNode = (
  opType: string,
  inputs: Value[],
  name: string,
  options: { domain?: 'com.microsoft'; attributes?: Record<string, Attribute> },
) => Value;

/**
 * @param indices int64 of any shape @param lastAxis int64 [1] with the value 2
 * @returns [indices, blocks, blockSize], in the type of the scales
 */
export function gatherBlockRows(
  node: AddNode,
  { packed, scales, bits, blockSize }: QuantizedBlocks,
  indices: Value,
  lastAxis: Value,
  name: string,
): Value {
  const columns = node('Unsqueeze', [scales, lastAxis], `${name}/Scales`, {});
  return node('GatherBlockQuantized', [packed, indices, columns], `${name}/GatherBlockQuantized`, {
    domain: 'com.microsoft',
    attributes: {
      gather_axis: { int: 0 },
      quantize_axis: { int: 2 },
      block_size: { int: blockSize },
      bits: { int: bits },
    },
  });
}
