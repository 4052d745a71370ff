/** config.json for another vocabulary size and another tying of embedding and output head. */
import { withTying } from '../gemma3/checkpoint.ts';
import { isJsonObject, type Json } from '../json.ts';

/** Sets `vocab_size` and `tie_word_embeddings` where config.json has them and where Hugging Face reads them. */
export function resized(config: Json, size: number, tied: boolean): Json {
  const sizes = { vocab_size: size };
  const text = config['text_config'];
  const grown = isJsonObject(text)
    ? { ...config, ...('vocab_size' in config ? sizes : {}), text_config: { ...text, ...sizes } }
    : { ...config, ...sizes };
  return tied ? grown : withTying(grown, false);
}
