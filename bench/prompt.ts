/** Prompts of an exact length in tokens. */
import { AutoTokenizer, env } from '@huggingface/transformers';
import { basename, dirname } from 'node:path';
import { digitsOf } from '#core/run-card/digits.ts';

/**
 * Text whose chat prompt, including the start of the answer, has exactly `tokens` tokens. It consists of random digits, since
 * each is one token in Gemma's tokenizer and in the fixture's.
 * @throws Error when no text gives that length
 */
export async function promptOf(packageFolder: string, tokens: number): Promise<string> {
  env.allowRemoteModels = false;
  env.localModelPath = `${dirname(packageFolder)}/`;
  const tokenizer = await AutoTokenizer.from_pretrained(basename(packageFolder));
  const lengthOf = (content: string): number => {
    const ids: unknown = tokenizer.apply_chat_template([{ role: 'user', content }], {
      add_generation_prompt: true,
      return_tensor: false,
      return_dict: false,
    });
    if (!Array.isArray(ids)) throw new Error('the tokenizer returned no ids');
    return Array.isArray(ids[0]) ? ids[0].length : ids.length;
  };
  for (let digits = Math.max(1, tokens - lengthOf('')); digits > 0; digits--) {
    const text = digitsOf(digits);
    const length = lengthOf(text);
    if (length === tokens) return text;
    if (length < tokens) break;
  }
  throw new Error(`no prompt of ${tokens} tokens: the template alone takes ${lengthOf('')}`);
}
