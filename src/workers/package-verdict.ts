/** Whether a package fits on this machine, from its small files. */
import { valueOf } from '#core/budget/expression.ts';
import { fitHere, type Fit } from '#core/budget/fit.ts';
import { packageBytes, planInference, totalOf, type InferenceSettings } from '#core/budget/inference-plan.ts';
import { CPU_WEIGHT_BYTES, storageOf, variantFor, type VariantSize } from '#core/budget/package-fit.ts';
import type { OpenOptions, PackageSource } from '#core/protocol/engine.ts';
import type { AdapterReport, MemoryProbe, PackageSize } from '#core/protocol/preflight.ts';
import { preflight } from './preflight.svelte.ts';

/** What a package is held to. */
export interface Here {
  /** Undefined without a GPU. */
  report: AdapterReport | undefined;
  /** Undefined until the memory was measured. */
  probe: MemoryProbe | undefined;
  provider: OpenOptions['provider'];
  contextLength: number;
}

export interface PackageVerdict {
  variant: VariantSize | undefined;
  settings: InferenceSettings | undefined;
  /** GPU memory in bytes; undefined for a precision that is not computed here. */
  needed: number | undefined;
  /** Bytes of the files; undefined where nothing says them. */
  download: number | undefined;
  onGpu: boolean;
  /** unmeasured: the GPU's memory was not measured · unknown: the measurement ended early · format: see `needed` */
  fit: Fit | 'unknown' | 'unmeasured' | 'format' | 'cpu' | 'cpu-too-large';
}

export function packageVerdict({ config, variants }: PackageSize, here: Here): PackageVerdict {
  const { report, probe, provider } = here;
  const variant = variantFor(variants, report?.names.shaderF16 === true);
  const storage = variant && storageOf(config, variant);
  const settings: InferenceSettings | undefined = storage && {
    ...{ storage, addedTokens: 0, images: 1, keepVisionOnGpu: true },
    contextLength: Math.min(here.contextLength, config.text.maxPositions),
    hasVision: variant?.vision !== undefined,
  };
  const needed = settings && valueOf(totalOf(planInference(config, settings)));
  const download = variant?.downloadBytes ?? (settings && valueOf(packageBytes(config, settings)));
  const isTooLargeForCpu = (variant?.weightBytes ?? download ?? 0) > CPU_WEIGHT_BYTES;
  // The engine takes a software GPU for what is too large for the CPU.
  const onGpu =
    report !== undefined &&
    provider !== 'wasm' &&
    (provider === 'webgpu' || report.kind !== 'software' || isTooLargeForCpu);
  const fit = () => {
    if (!onGpu) return isTooLargeForCpu ? 'cpu-too-large' : 'cpu';
    if (needed === undefined) return 'format';
    return probe ? fitHere(needed, probe) : 'unmeasured';
  };
  return { variant, settings, needed, download, onGpu, fit: fit() };
}

export function doesNotFit({ fit }: Pick<PackageVerdict, 'fit'>): boolean {
  return fit === 'too-large' || fit === 'cpu-too-large';
}

/** Small files of a server that have not come by then are not waited for: opening says what is wrong with them. */
const WAIT_MILLISECONDS = 8000;

/**
 * True if it is known that a package does not fit. False where nothing is known that could say so: the memory of a GPU was not
 * measured, or its small files cannot be read.
 */
export async function isKnownNotToFit(
  source: PackageSource,
  settings: Pick<Here, 'provider' | 'contextLength'>,
): Promise<boolean> {
  const known = async () => {
    await preflight.look();
    const { report, probe } = preflight;
    const { provider, contextLength } = settings;
    // Reading takes a moment, in which nothing else would be learnt.
    if (!probe && report && provider !== 'wasm') return false;
    return doesNotFit(packageVerdict(await preflight.sizeOf(source), { report, probe, provider, contextLength }));
  };
  if (source.type === 'files') return known().catch(() => false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), WAIT_MILLISECONDS)));
  return Promise.race([known().catch(() => false), late]).finally(() => clearTimeout(timer));
}
