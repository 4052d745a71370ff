/** What can be added to a checkpoint before its weights are quantized. */
import { addAdapter, type AdapterOptions } from './adapter.ts';
import type { Checkpoint } from './checkpoint.ts';
import { addKoreanVocabulary, type KoreanOptions } from './korean-vocabulary.ts';
import { checkTokenizerFits } from './tokenizer-size.ts';

export interface Additions {
  korean?: KoreanOptions | undefined;
  adapter?: AdapterOptions | undefined;
}

/**
 * The checkpoint with a Korean vocabulary, an adapter, or both.
 * @throws ExportError, CheckpointError, AdapterError, SafetensorsError: each names the file
 */
export async function changeCheckpoint(
  checkpoint: Checkpoint,
  { korean, adapter }: Additions,
): Promise<{ checkpoint: Checkpoint; warnings: string[] }> {
  await checkTokenizerFits(checkpoint);
  const grown = korean ? await addKoreanVocabulary(checkpoint, korean) : checkpoint;
  if (!adapter) return { checkpoint: grown, warnings: [] };
  const adapted = await addAdapter(grown, adapter);
  await checkTokenizerFits(adapted.checkpoint);
  return adapted;
}
