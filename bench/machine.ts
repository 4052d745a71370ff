/** Describes the hardware and software of a measurement. */
import { readFile } from 'node:fs/promises';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';

export async function machine(): Promise<string[]> {
  const processors = cpus();
  return [
    `${processors[0]?.model ?? 'unknown CPU'}, ${processors.length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${platform()} ${arch()}, Node ${process.version}`,
    `load average before: ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
    `@huggingface/transformers ${await version('@huggingface/transformers')}, onnxruntime-web ${await version('onnxruntime-web')}`,
  ];
}

async function version(name: string): Promise<string> {
  const json: { version?: string } = JSON.parse(
    await readFile(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
  );
  return json.version ?? 'unknown';
}
