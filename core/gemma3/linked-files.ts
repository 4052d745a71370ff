/**
 * Files of a package with the same bytes. transformers.js loads `<model file>_data` beside each graph, so bytes that two graphs
 * read stand under two names; they are written, hashed and downloaded once.
 */
import type { ExternalFile, ExternalPlace } from '../onnx/external.ts';
import { sameBytes } from './package-graphs.ts';
import { initializersOf } from './store-weight.ts';
import type { StoredWeight } from './stored.ts';

interface Planned {
  graph: { weights: readonly StoredWeight[] };
  external: readonly ExternalFile[];
}

/** Names of external files, each with the name of an earlier file of the same bytes. */
export type LinkedFiles = ReadonlyMap<string, string>;

/** Compares layouts and the parameters in them; no weight is read. */
export function linkedFiles(graphs: readonly Planned[]): LinkedFiles {
  const links = new Map<string, string>();
  const earlier: { file: ExternalFile; origins: Origins }[] = [];
  for (const { graph, external } of graphs) {
    const origins = originsOf(graph.weights);
    for (const file of external) {
      const same = earlier.find((other) => isSame(other, { file, origins }));
      if (same && holdsWholeWeights(file, graph.weights)) links.set(file.name, same.file.name);
      else earlier.push({ file, origins });
    }
  }
  return links;
}

/** The weight that an initializer is a part of, and which part. */
type Origins = ReadonlyMap<string, { weight: StoredWeight; part: number }>;

function originsOf(weights: readonly StoredWeight[]): Origins {
  return new Map(
    weights.flatMap((weight) => initializersOf(weight).map(({ name }, part) => [name, { weight, part }] as const)),
  );
}

interface Located {
  file: ExternalFile;
  origins: Origins;
}

function isSame(a: Located, b: Located): boolean {
  return (
    a.file.size === b.file.size &&
    a.file.places.length === b.file.places.length &&
    a.file.places.every((place, index) => isSamePlace(place, a.origins, b.file.places[index], b.origins))
  );
}

function isSamePlace(a: ExternalPlace, aOrigins: Origins, b: ExternalPlace | undefined, bOrigins: Origins): boolean {
  if (a.offset !== b?.offset || a.length !== b.length) return false;
  if (a.bytes || b.bytes) return a.bytes !== undefined && b.bytes !== undefined && areEqual(a.bytes, b.bytes);
  const [x, y] = [aOrigins.get(a.name), bOrigins.get(b.name)];
  return x !== undefined && y !== undefined && x.part === y.part && sameBytes(x.weight, y.weight);
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** False if a weight begins in one file and ends in the next: the writer writes whole weights. */
function holdsWholeWeights({ places }: ExternalFile, weights: readonly StoredWeight[]): boolean {
  const names = new Set(places.map(({ name }) => name));
  return weights.every((weight) => {
    const inside = initializersOf(weight).map(({ name }) => names.has(name));
    return inside.every((is) => is === inside[0]);
  });
}
