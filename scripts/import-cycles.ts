/** Cycles of imports, `import type` among them: files that cannot be understood, moved or tested one without the other. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['core', 'workers', 'cli', 'src', 'scripts', 'bench', 'tests'];
const OUTSIDE = /(^|\/)(node_modules|fixtures|packages)(\/|$)/u;

/** Files of ours that the file imports, by what it says; a worker's address (`?worker&url`) is no import of its code. */
function importsOf(file: string, known: ReadonlySet<string>): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const code = file.endsWith('.svelte') ? scriptsOf(text) : text;
  return ts
    .preProcessFile(code, true, true)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('#core/')
        ? fileName.slice(1)
        : fileName.startsWith('.')
          ? join(dirname(file), fileName)
          : undefined,
    )
    .filter((path) => path !== undefined)
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => known.has(path));
}

const scriptsOf = (component: string): string =>
  [...component.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/gu)].map(([, code]) => code).join('\n');

/** Strongly connected components of more than one file, and files that import themselves (Tarjan 1972). */
export function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const own = order.size;
    order.set(file, own);
    let low = own;
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(file, low);
    if (low === own) {
      const component = stack.splice(stack.indexOf(file));
      if (component.length > 1 || graph.get(file)?.includes(file)) cycles.push(component.sort());
    }
    return low;
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return cycles;
}

/** A way round inside a component, from its first file back to it. */
export function wayRound(graph: ReadonlyMap<string, readonly string[]>, component: readonly string[]): string[] {
  const [start = ''] = component;
  const ways = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way; way = ways.shift())
    for (const next of graph.get(way.at(-1) ?? '') ?? []) {
      if (next === start) return [...way, next];
      if (!component.includes(next) || seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  throw new Error(`${start} is on no cycle`);
}

export function importGraph(): Map<string, string[]> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|svelte)$/u.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .filter((path) => !OUTSIDE.test(path)),
  );
  const known = new Set(files);
  return new Map(files.map((file) => [file, importsOf(file, known)]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const graph = importGraph();
  const cycles = cyclesOf(graph);
  for (const component of cycles)
    console.log(`${component.length} files import each other in a circle: ${wayRound(graph, component).join(' → ')}`);
  if (cycles.length > 0) {
    console.log('Move what both sides need, mostly a type, to a file of its own.');
    process.exitCode = 1;
  }
}
