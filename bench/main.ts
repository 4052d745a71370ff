/** Compares our engine with transformers.js in the same Chromium: `npm run bench -- --help`. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openBrowser, type GpuChoice } from './browser.ts';
import { WorkerHeap } from './heap.ts';
import { cardTable, importCards } from './import.ts';
import { machine } from './machine.ts';
import { cache, randomPackage, SHAPES, type ShapeName } from './package.ts';
import type { OpenRequest } from './page/contract.ts';
import { promptOf } from './prompt.ts';
import { agreement, kernelTable, table, type Pair } from './report.ts';
import { run, type Plan } from './run.ts';
import { serve } from './server.ts';

interface Flags {
  package?: string;
  shape: ShapeName;
  rounds: number;
  tokens: number;
  prompts: number[];
  context: number;
  peerDevice: OpenRequest['peerDevice'];
  gpu: GpuChoice;
  hostOnly: boolean;
  import?: string[];
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive whole number.');
  return value;
}

const flags = new Command('bench')
  .description('Runs one package through our engine and through transformers.js, in turns, and compares.')
  .addOption(new Option('--package <folder>', 'a model package (default: one with random weights)').conflicts('shape'))
  .addOption(
    new Option('--shape <name>', 'shape of the random weights; on a GPU take head-640')
      .choices(Object.keys(SHAPES))
      .default('tiny'),
  )
  .option('--rounds <n>', 'pairs of runs', positive, 5)
  .option('--tokens <n>', 'new tokens of a timed answer', positive, 32)
  .option('--prompts <list>', 'prompt lengths in tokens', (text) => text.split(',').map(positive), [64, 512])
  .option('--context <tokens>', 'length of our KV cache', positive, 1024)
  .addOption(
    new Option('--peer-device <whose>', 'own: as its runtime asks for it; engine: features and limits of ours')
      .choices(['own', 'engine'])
      .default('own'),
  )
  .addOption(new Option('--gpu <choice>').choices(['auto', 'yes', 'no']).default('auto'))
  .option('--import <files...>', 'run cards (JSON) of the bench lab: prints them as a table and measures nothing')
  .option('--host-only', 'leave out the GPU’s work: what the processor alone needs; answers mean nothing', false)
  .parse()
  .opts<Flags>();

if (flags.import) {
  const { cards, refused } = await importCards(flags.import);
  if (cards.length > 0) console.log(cardTable(cards));
  for (const sentence of refused) console.error(sentence);
  process.exit(refused.length > 0 ? 1 : 0);
}

const folder = flags.package === undefined ? await randomPackage(flags.shape) : resolve(flags.package);
const config: { architectures?: string[] } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
const facts = await machine();
const served = await serve(folder);
const pairs: Pair[] = [];
try {
  const browser = await openBrowser(served.url, flags.gpu);
  try {
    facts.push(`Chromium ${browser.version}, adapter: ${browser.adapter}`);
    facts.push(`package: ${folder.split('/').at(-1)}, ${JSON.stringify({ ...flags, package: undefined })}`);
    console.log(facts.join('\n'));
    const plan: Plan = {
      request: {
        url: `${served.url}package/`,
        contextLength: flags.context,
        peerDevice: flags.peerDevice,
        hostOnly: flags.hostOnly,
        architecture: config.architectures?.[0] ?? '',
      },
      prompts: await Promise.all(
        flags.prompts.map(async (tokens) => ({ tokens, text: await promptOf(folder, tokens) })),
      ),
      newTokens: flags.tokens,
    };
    const heap = await WorkerHeap.watch(await browser.context.newCDPSession(browser.page));
    for (let round = 1; round <= flags.rounds; round++) {
      const ours = await run('ours', browser.page, heap, plan);
      const peer = await run('peer', browser.page, heap, plan);
      pairs.push({ ours, peer });
      console.log(`round ${round} of ${flags.rounds}: ${decode(ours)} | ${decode(peer)} tok/s`);
    }
    heap.stop();
  } finally {
    await browser.close();
  }
} finally {
  await served.close();
}

const { agree, lines } = agreement(pairs);
console.log(`\n${lines.join('\n')}\n\n${table(pairs)}`);
const [firstPair] = pairs;
if (firstPair) console.log(`\n${kernelTable(firstPair, 0)}`);
await mkdir(cache, { recursive: true });
await writeFile(join(cache, 'last.json'), JSON.stringify({ facts, pairs }, null, 1));
if (!agree && !flags.hostOnly) {
  console.error('\nThe answers differ: the table compares engines that do different work.');
  process.exitCode = 1;
}

function decode({ timed }: Pair['ours']): string {
  return timed.map(({ answer }) => answer.decodeTokensPerSecond.toFixed(2)).join(' ');
}
