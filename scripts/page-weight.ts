/**
 * `npm run page-weight`: what the scripts weigh that dist/index.html loads at once, compressed. These are its script and
 * modulepreload tags and everything they import statically; `import()` and workers come later and do not count.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

export interface Weight {
  /** Path from the folder of index.html. */
  file: string;
  bytes: number;
  gzip: number;
  brotli: number;
}

export async function weigh(dist: string, file: string): Promise<Weight> {
  const contents = await readFile(join(dist, file));
  return {
    file,
    bytes: contents.length,
    gzip: gzipSync(contents, { level: 9 }).length,
    brotli: brotliCompressSync(contents).length,
  };
}

/** Paths of the scripts that index.html loads at once. Throws when it names none: then the build has another form. */
export async function scriptsAtOnce(dist: string): Promise<string[]> {
  const html = await readFile(join(dist, 'index.html'), 'utf8');
  const tags = [...html.matchAll(/<(?:script|link)\b[^>]*>/g)].map(([tag]) => tag);
  const waiting = tags
    .filter((tag) => tag.startsWith('<script') || /rel="modulepreload"/.test(tag))
    .flatMap((tag) => /(?:src|href)="([^"]+\.js)"/.exec(tag)?.[1] ?? []);
  if (waiting.length === 0) throw new Error(`${join(dist, 'index.html')} loads no script`);
  const found = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = join(path);
    if (found.has(file)) continue;
    found.add(file);
    waiting.push(...staticImports(await readFile(join(dist, file), 'utf8')).map((name) => join(dirname(file), name)));
  }
  return [...found].sort();
}

/** Paths of the style sheets that index.html loads at once. */
export async function stylesAtOnce(dist: string): Promise<string[]> {
  const html = await readFile(join(dist, 'index.html'), 'utf8');
  return [...html.matchAll(/<link\b[^>]*\brel="stylesheet"[^>]*>/g)].flatMap(([tag]) => {
    const path = /href="([^"]+)"/.exec(tag)?.[1];
    return path === undefined ? [] : join(path);
  });
}

/** Of a minified module: `import"./a.js"`, `import{a}from"./a.js"`, `export{a}from"./a.js"`; not `import("./a.js")`. */
function staticImports(source: string): string[] {
  return [...source.matchAll(/\b(?:from|import)\s*["'](\.[^"']+\.js)["']/g)].flatMap(([, path]) => path ?? []);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = fileURLToPath(new URL('../dist', import.meta.url));
  const weights = await Promise.all((await scriptsAtOnce(dist)).map((file) => weigh(dist, file)));
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
  const line = (file: string, { gzip, brotli, bytes }: Omit<Weight, 'file'>) =>
    console.log(`${kilobytes(gzip)} gzip${kilobytes(brotli)} brotli${kilobytes(bytes)} plain  ${file}`);
  for (const weight of weights.toSorted((a, b) => b.gzip - a.gzip)) line(weight.file, weight);
  const sum = (of: 'bytes' | 'gzip' | 'brotli') => weights.reduce((total, weight) => total + weight[of], 0);
  line(`${weights.length} scripts at once`, { bytes: sum('bytes'), gzip: sum('gzip'), brotli: sum('brotli') });
}
