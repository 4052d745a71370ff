import type { PackageFacts } from '#core/protocol/bench.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { MANIFEST, type Manifest } from '#core/protocol/manifest.ts';
import { readPackage, suffixes } from '../engine/model/package.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';
import { sha256 } from '../store/sha256.ts';

/** @throws FailureError as `readPackage` */
export async function describePackage(source: PackageSource, signal: AbortSignal): Promise<PackageFacts> {
  const reader = boundReader(await openPackage(source, { signal }), { signal });
  const { config, manifest } = await readPackage(reader);
  const { keyValueHeads, headDim, isLocal, slidingWindow, maxPositions } = config.text;
  return {
    manifestSha256: manifest && (await sha256(new Uint8Array(await (await reader.blob(MANIFEST)).arrayBuffer()))),
    hasVision: config.vision !== undefined,
    maxPositions,
    kv: { keyValueHeads, headDim, isLocal, slidingWindow },
    decoderBytes: manifest ? decoderBytes(manifest) : {},
  };
}

/** Bytes of the decoder's external data by dtype. Equal files under two names are one. */
function decoderBytes({ files, architecture }: Manifest): Record<string, number> {
  const stem = architecture === 'Gemma3ForCausalLM' ? 'model' : 'decoder_model_merged';
  const found = Object.entries(suffixes).map(([dtype, suffix]) => {
    const data = new RegExp(`^onnx/${stem}${suffix}\\.onnx_data(?:_\\d+)?$`);
    const own = Object.entries(files).filter(([path]) => data.test(path));
    const sizes = new Map(own.map(([, { sha256, size }]) => [sha256, size]));
    return [dtype, [...sizes.values()].reduce((sum, size) => sum + size, 0)] as const;
  });
  return Object.fromEntries(found.filter(([, bytes]) => bytes > 0));
}
