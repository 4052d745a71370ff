/**
 * Opens a package in Node with transformers.js as it is and lets it answer: `npx tsx bench/full-size-peer.ts --package DIR`.
 * Meant for the package of `npm run rehearse -- --shape medgemma-4b --keep`.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import {
  AutoModelForCausalLM,
  AutoModelForImageTextToText,
  AutoTokenizer,
  env,
  Tensor,
} from '@huggingface/transformers';
import { Command } from 'commander';
import { machine } from './machine.ts';

const {
  package: folder,
  tokens,
  prompt,
} = new Command('full-size-peer')
  .requiredOption('--package <folder>', 'model package')
  .option('--tokens <count>', 'tokens of the answer', Number, 4)
  .option('--prompt <text>', 'question', '안녕하세요?')
  .parse()
  .opts<{ package: string; tokens: number; prompt: string }>();

for (const line of await machine()) console.log(line);
const path = resolve(folder);
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = `${dirname(path)}/`;
const name = basename(path);

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s, peak memory ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`;
}

let begin = performance.now();
const tokenizer = await AutoTokenizer.from_pretrained(name);
const { architectures }: { architectures?: string[] } = JSON.parse(await readFile(`${path}/config.json`, 'utf8'));
const Model = architectures?.[0] === 'Gemma3ForCausalLM' ? AutoModelForCausalLM : AutoModelForImageTextToText;
const model = await Model.from_pretrained(name);
console.log(`${model.constructor.name} open after ${seconds(begin)}`);

begin = performance.now();
const inputs: unknown = tokenizer.apply_chat_template([{ role: 'user', content: prompt }], {
  add_generation_prompt: true,
  return_dict: false,
});
if (!(inputs instanceof Tensor)) throw new Error('apply_chat_template gave no tensor');
const length = inputs.dims.at(-1) ?? 0;
const output: unknown = await model.generate({
  input_ids: inputs,
  attention_mask: new Tensor('int64', new BigInt64Array(length).fill(1n), [1, length]),
  max_new_tokens: tokens,
  do_sample: false,
});
if (!(output instanceof Tensor)) throw new Error('generate gave no tensor');
const ids = Array.from(output.data, Number);
console.log(`${length} tokens of prompt, ${ids.length - length} new ones in ${seconds(begin)}`);
console.log(`ids: ${ids.slice(length).join(' ')}`);
await model.dispose();
