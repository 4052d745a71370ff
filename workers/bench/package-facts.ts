import type { PackageFacts } from '#core/protocol/bench.ts';
import type { PackageSource } from '#core/protocol/engine.ts';
import { externalLocation, mainGraph } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { widenScales } from '#core/onnx/patch/widen-scales.ts';
import { MANIFEST } from '#core/protocol/manifest.ts';
import { readPackage } from '../engine/model/package.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';
import { sha256 } from '../store/sha256.ts';

/** @throws FailureError as `readPackage` */
export async function describePackage(source: PackageSource, signal: AbortSignal): Promise<PackageFacts> {
  const reader = boundReader(await openPackage(source, { signal }), { signal });
  const { config, manifest, variants } = await readPackage(reader);
  const { keyValueHeads, headDim, isLocal, slidingWindow, maxPositions } = config.text;
  return {
    manifestSha256: manifest && (await sha256(new Uint8Array(await (await reader.blob(MANIFEST)).arrayBuffer()))),
    hasVision: config.vision !== undefined,
    maxPositions,
    kv: { keyValueHeads, headDim, isLocal, slidingWindow },
    decoderBytes: Object.fromEntries(
      await Promise.all(
        variants.map(async ({ decoder }) => [decoder.dtype, weightBytes(await decoder.read())] as const),
      ),
    ),
  };
}

/** Bytes of the weights beside a graph as a GPU reads them: float16 scales of a float32 product are float32 there. */
function weightBytes(model: ModelProto): number {
  widenScales(model);
  const places = mainGraph(model).initializer.flatMap((tensor) => externalLocation(tensor) ?? []);
  const distinct = new Map(places.map(({ location, offset, length }) => [`${location} ${offset}`, length]));
  return [...distinct.values()].reduce((sum, length) => sum + length, 0);
}
