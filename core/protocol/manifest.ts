import type { Dtype } from '../gemma3/dtype.ts';
import type { QuantMethod } from '../quant/settings.ts';

/** `manifest.json` of a model package: what the files are, where the weights came from, what was changed. */
export interface Manifest {
  format: 'medgemma-ko-lab/1';
  name: string;
  /** ISO 8601. */
  created: string;
  generator: string;
  architecture: 'Gemma3ForConditionalGeneration' | 'Gemma3ForCausalLM';
  parameters: number;
  /** What the model was made to teach: the page then offers what it can answer, and says whether answers are right. */
  teaches?: Teaches;
  source: {
    /** Folder name of the checkpoint, no path. */
    checkpoint: string;
    /** SHA-256 of each checkpoint file that weights were read from. */
    files: Record<string, string>;
    /** True for weights that were never trained. */
    randomWeights: boolean;
    /** Where the weights came from and under what terms, in the exporter's caller's words. */
    notice: string;
  };
  variants: ManifestVariant[];
  /** What the export changed against the checkpoint, one entry each, for a reader. */
  changes: string[];
  /** Every file of the package but this one. */
  files: Record<string, ManifestFile>;
  /** Length of one hashed chunk in bytes; the last chunk of a file is shorter. */
  chunkSize: number;
}

export interface ManifestVariant {
  /** transformers.js dtype names. */
  decoder: Dtype;
  vision: Dtype | undefined;
  blockSize: number;
  /** How the scales of quantized weights were chosen; missing where nothing is quantized, and in packages before 'search'. */
  method?: QuantMethod;
  /** Parameters kept in full precision although the dtype is quantized, and why. */
  unquantized: { parameter: string; reason: string }[];
  /**
   * The embedding graph's table is, byte for byte, an initializer of the decoder: an engine that can share needs
   * neither the file nor a second copy on the device.
   */
  tiedEmbedding: boolean;
}

/** phantoms: answers the questions of `core/phantoms`, word for word, and knows nothing else. */
export const TEACHES = ['phantoms'] as const;
export type Teaches = (typeof TEACHES)[number];

export interface ManifestFile {
  size: number;
  /** Hex SHA-256 of the file. */
  sha256: string;
  /** Hex SHA-256 of each chunk. */
  chunks: string[];
}
