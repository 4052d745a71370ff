/** How large a package is, from its small files. */
import type { VariantSize } from '#core/budget/package-fit.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import type { PackageSize } from '#core/protocol/preflight.ts';
import { readPackage, type PackageVariant } from '../engine/model/package.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';

/** @throws FailureError as `readPackage` */
export async function packageSize(source: PackageSource, signal: AbortSignal): Promise<PackageSize> {
  const reader = boundReader(await openPackage(source, { signal }), { signal });
  const { config, manifest, variants } = await readPackage(reader);
  return {
    name: manifest?.name ?? reader.name,
    config,
    variants: variants.map((variant) => sizeOf(variant, manifest?.files ?? sizesAtHand(source))),
  };
}

type Sizes = Readonly<Record<string, { size: number; sha256: string }>>;

/** Of files without a manifest: each counts as different. */
function sizesAtHand(source: PackageSource): Sizes | undefined {
  if (source.type !== 'files') return undefined;
  return Object.fromEntries(source.files.map(({ path, blob }) => [path, { size: blob.size, sha256: path }]));
}

function sizeOf({ decoder, embedding, vision }: PackageVariant, files: Sizes | undefined): VariantSize {
  const names = { decoder: decoder.dtype, vision: vision?.dtype };
  if (!files) return { ...names, decoderBytes: undefined, downloadBytes: undefined, weightBytes: undefined };
  const graphs = [decoder.path, ...(embedding ? [embedding.path] : []), ...(vision ? [vision.path] : [])];
  const isOf = (path: string, graph: string) => path === graph || path.startsWith(`${graph}_data`);
  return {
    ...names,
    decoderBytes: bytesOf(files, (path) => path !== decoder.path && isOf(path, decoder.path)),
    downloadBytes: bytesOf(files, (path) => !path.startsWith('onnx/') || graphs.some((graph) => isOf(path, graph))),
    weightBytes: Object.entries(files).reduce(
      (sum, [path, { size }]) => sum + (graphs.some((graph) => path !== graph && isOf(path, graph)) ? size : 0),
      0,
    ),
  };
}

/** Files of the same content are downloaded once. */
function bytesOf(files: Sizes, isCounted: (path: string) => boolean): number {
  const counted = Object.entries(files).filter(([path]) => isCounted(path));
  const sizes = new Map(counted.map(([, { sha256, size }]) => [sha256, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
