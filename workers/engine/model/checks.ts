/** Checks that the device and the engine support what a package needs. */
import { CPU_WEIGHT_BYTES, weightBytesOf } from '#core/budget/package-fit.ts';
import { mainGraph } from '#core/onnx/model.ts';
import type { Manifest } from '#core/protocol/manifest.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { FailureError } from '#core/failure.ts';
import type { Backend } from './backend.ts';
import type { ModelPackage } from './package.ts';
import { externalBytes } from './weight-bytes.ts';

const knownInputs = new Set(['inputs_embeds', 'input_ids', 'attention_mask', 'position_ids', 'num_logits_to_keep']);

/**
 * @param decoder the graph of the package, before patches add inputs
 * @throws FailureError `unsupported-package` for a decoder with inputs that the engine does not feed
 */
export function checkInputs(path: string, decoder: ModelProto): void {
  const initialized = new Set(mainGraph(decoder).initializer.map(({ name }) => name));
  for (const { name } of mainGraph(decoder).input) {
    if (knownInputs.has(name) || name.startsWith('past_key_values.') || initialized.has(name)) continue;
    throw new FailureError('unsupported-package', { file: path, reason: `input "${name}" is unknown` });
  }
}

/** @throws FailureError `gpu-feature-missing` */
export function checkDtype(pack: ModelPackage, backend: Backend): void {
  const dtypes = [pack.decoder.dtype, pack.vision?.dtype];
  const needsHalf = dtypes.some((dtype) => dtype === 'fp16' || dtype === 'q4f16');
  if (backend.gpu && needsHalf && !backend.gpu.device.features.has('shader-f16'))
    throw new FailureError('gpu-feature-missing', { feature: 'shader-f16' });
}

/**
 * Before gigabytes are downloaded that nothing here can hold. Waits for the backend only where it matters.
 * @throws FailureError `too-large-for-cpu`; not for a software GPU, which takes what is too large for the CPU
 */
export async function checkSizeAhead(
  pack: Pick<ModelPackage, 'decoder' | 'embedding' | 'vision'> & {
    variants: readonly unknown[];
    manifest?: Pick<Manifest, 'files'> | undefined;
  },
  start: () => Promise<Pick<Backend, 'info'>>,
): Promise<void> {
  // Which variant is read is known later; its weights are downloaded after `checkSize`.
  const files = pack.manifest?.files;
  if (!files || pack.variants.length > 1) return;
  const graphs = [pack.decoder, pack.embedding, pack.vision].flatMap((graph) => (graph ? [graph.path] : []));
  const bytes = weightBytesOf(files, graphs);
  if (bytes <= CPU_WEIGHT_BYTES) return;
  const { info } = await start();
  if (info.provider === 'wasm' && info.cpuReason !== 'software-adapter')
    throw new FailureError('too-large-for-cpu', { bytes, limit: CPU_WEIGHT_BYTES, reason: info.cpuReason ?? '' });
}

/** @throws FailureError `too-large-for-cpu` */
export function checkSize(backend: Backend, graphs: readonly (ModelProto | undefined)[]): void {
  if (backend.info.provider !== 'wasm') return;
  const bytes = graphs.reduce((sum, graph) => sum + (graph ? externalBytes(graph) : 0), 0);
  if (bytes > CPU_WEIGHT_BYTES)
    throw new FailureError('too-large-for-cpu', {
      bytes,
      limit: CPU_WEIGHT_BYTES,
      reason: backend.info.cpuReason ?? '',
    });
}
