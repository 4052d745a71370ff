import type { CutRequest, TextCuts, TokenizerJobs } from '#core/protocol/tokenizer.ts';
import type { RunningJob } from '../jobs/running-job.ts';
import type { TokenizerRegistry } from './registry.ts';

/** Cuts every text with every loaded tokenizer; keys that are not loaded have no entry. */
export async function cutTexts(
  registry: TokenizerRegistry,
  { texts, keys }: CutRequest,
  job: RunningJob<TokenizerJobs['cut']>,
): Promise<TextCuts[]> {
  const cuts = keys.flatMap((key) => {
    const tokenizer = registry.get(key)?.tokenizer;
    return tokenizer ? [{ key, tokenizer, pieces: [] as string[][] }] : [];
  });
  for (const [at, text] of texts.entries()) {
    await job.pause();
    for (const { tokenizer, pieces } of cuts) {
      pieces.push(Array.from(tokenizer.encode(text), (id) => tokenizer.pieceOf(id) ?? ''));
    }
    job.progress({ type: 'progress', done: at, total: texts.length });
  }
  return cuts.map(({ key, pieces }) => ({ key, pieces }));
}
