/** Milliseconds from logits on the GPU to a sampled token, by method: `tsx bench/sampling-gpu.ts [ROUNDS] [VOCABULARY]`. */
import { openBrowser } from './browser.ts';
import { machine } from './machine.ts';
import { randomPackage } from './package.ts';
import { spread } from './report.ts';
import { serve } from './server.ts';

const rounds = Number(process.argv[2] ?? 7);
const vocabulary = Number(process.argv[3] ?? 262_208);
const served = await serve(await randomPackage('tiny'));
try {
  const browser = await openBrowser(served.url, 'auto');
  try {
    console.log([...(await machine()), `Chromium ${browser.version}, adapter: ${browser.adapter}`].join('\n'));
    const times = await browser.page.evaluate(([size, count]) => window.bench.sampling(size, count), [
      vocabulary,
      rounds,
    ] as const);
    console.log(`\n| ${vocabulary} logits, ${rounds} rounds | ms |\n| --- | ---: |`);
    for (const [way, values] of Object.entries(times)) console.log(`| ${way} | ${spread(values, 1)} |`);
  } finally {
    await browser.close();
  }
} finally {
  await served.close();
}
