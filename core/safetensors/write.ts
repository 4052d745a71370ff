/** Writes safetensors files: complete in memory, or only the header for streaming writers. */
import { DTYPE_BYTES } from './header.ts';
import type { TensorDtype } from './header.ts';

export interface TensorPlan {
  name: string;
  dtype: TensorDtype;
  shape: readonly number[];
}

/**
 * The length prefix and header of a file whose tensors follow in the order given, without gaps.
 * The header is padded with spaces so that the data begins at a multiple of 8, as the reference implementation does.
 */
export function encodeHeader(tensors: readonly TensorPlan[], metadata?: ReadonlyMap<string, string>): Uint8Array {
  const entries = new Map<string, unknown>();
  if (metadata && metadata.size > 0) entries.set('__metadata__', Object.fromEntries(metadata));
  let offset = 0;
  for (const tensor of tensors) {
    if (entries.has(tensor.name)) throw new Error(`tensor "${tensor.name}" twice in one file`);
    const end = offset + tensorBytes(tensor);
    entries.set(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] });
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(text.byteLength / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

/** A complete file. @throws Error if the bytes of a tensor do not match its type and shape */
export function writeSafetensors(
  tensors: readonly (TensorPlan & { data: Uint8Array })[],
  metadata?: ReadonlyMap<string, string>,
): Uint8Array {
  const header = encodeHeader(tensors, metadata);
  const total = tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), header.byteLength);
  const file = new Uint8Array(total);
  file.set(header);
  let offset = header.byteLength;
  for (const tensor of tensors) {
    if (tensor.data.byteLength !== tensorBytes(tensor)) {
      throw new Error(`tensor "${tensor.name}" needs ${tensorBytes(tensor)} bytes, not ${tensor.data.byteLength}`);
    }
    file.set(tensor.data, offset);
    offset += tensor.data.byteLength;
  }
  return file;
}

export function tensorBytes(tensor: TensorPlan): number {
  return tensor.shape.reduce((product, size) => product * size, DTYPE_BYTES[tensor.dtype]);
}
