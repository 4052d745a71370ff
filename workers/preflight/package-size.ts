/** How large a package is, from its small files. */
import { isWeightsOf, weightBytesOf, type VariantSize } from '#core/budget/package-fit.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { PackageSize } from '#core/protocol/preflight.ts';
import { readPackage, type PackageVariant } from '../engine/model/package.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';

/** Nothing of it is kept: somebody only typed an address. @throws FailureError as `readPackage` */
export async function packageSize(source: PackageSource, signal: AbortSignal): Promise<PackageSize> {
  const reader = boundReader(await openPackage(source, { signal, keep: false }), { signal });
  const { config, manifest, variants } = await readPackage(reader);
  return {
    name: manifest?.name ?? reader.name,
    config,
    variants: variants.map((variant) => sizeOfVariant(variant, manifest?.files ?? sizesAtHand(source))),
  };
}

/** By path; files with the same `sha256` count once. */
export type Sizes = Readonly<Record<string, { size: number; sha256: string }>>;

/** Of files without a manifest: each counts as different. */
function sizesAtHand(source: PackageSource): Sizes | undefined {
  if (source.type !== 'files') return undefined;
  return Object.fromEntries(source.files.map(({ path, blob }) => [path, { size: blob.size, sha256: path }]));
}

type SizedGraph = Pick<PackageVariant['decoder'], 'path' | 'dtype'>;

interface SizedVariant {
  decoder: SizedGraph;
  /** Undefined where the decoder takes ids. */
  embedding: SizedGraph | undefined;
  /** Undefined in text-only packages. */
  vision: SizedGraph | undefined;
}

/** @param files undefined where nothing says their sizes */
export function sizeOfVariant({ decoder, embedding, vision }: SizedVariant, files: Sizes | undefined): VariantSize {
  const names = { decoder: decoder.dtype, vision: vision?.dtype };
  if (!files) return { ...names, decoderBytes: undefined, downloadBytes: undefined, weightBytes: undefined };
  const graphs = [decoder.path, ...(embedding ? [embedding.path] : []), ...(vision ? [vision.path] : [])];
  return {
    ...names,
    decoderBytes: bytesOf(files, (path) => isWeightsOf(path, [decoder.path])),
    downloadBytes: bytesOf(
      files,
      (path) => !path.startsWith('onnx/') || graphs.includes(path) || isWeightsOf(path, graphs),
    ),
    weightBytes: weightBytesOf(files, graphs),
  };
}

/** Files of the same content are downloaded once. */
function bytesOf(files: Sizes, isCounted: (path: string) => boolean): number {
  const counted = Object.entries(files).filter(([path]) => isCounted(path));
  const sizes = new Map(counted.map(([, { sha256, size }]) => [sha256, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
