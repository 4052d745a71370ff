import type { ByteSource } from '../bytes.ts';
import type { TensorEntry } from '../safetensors/header.ts';

/** A tensor of a checkpoint as its file has it, whatever it is for. */
export interface StoredTensor {
  entry: TensorEntry;
  source: ByteSource;
}
