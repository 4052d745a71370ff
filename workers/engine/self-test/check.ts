/** The self-test of a model that is being opened: whether it is needed, what it says, and what follows. */
import { FailureError } from '#core/failure.ts';
import type { ModelInfo, OpenOptions, SelfTestResult } from '#core/protocol/engine.ts';
import type { Backend } from '../model/backend.ts';
import type { LoadedModel } from '../model/load.ts';
import type { ModelPackage } from '../model/package.ts';
import { chooseVariant } from '../model/variant.ts';
import { runSelfTest } from './run.ts';

type TestOptions = Pick<OpenOptions, 'variant' | 'subgroups' | 'selfTests'>;

/** @throws FailureError `self-test` if an earlier test failed with these options: the weights need not be read for it */
export function refuseKnownWrong(pack: ModelPackage, backend: Backend, options: TestOptions): void {
  const chosen = chooseVariant(pack, backend, options.variant).pack;
  const key = keyOf(chosen, backend, options);
  const known = key === undefined ? undefined : options.selfTests?.[key];
  // Captured steps alone are left out, which needs the loaded model.
  if (key === undefined || known === undefined || known === 'passed' || known === 'captured') return;
  throw failure(chosen, backend, key, known);
}

/**
 * Turns graph capture off where its steps alone are wrong.
 * @returns what the page is told of the model
 * @throws FailureError `self-test`; the signal's reason
 */
export async function checkModel(model: LoadedModel, options: TestOptions, signal: AbortSignal): Promise<ModelInfo> {
  const { backend, decoder, info, package: pack } = model;
  const expected = pack.manifest?.selfTest;
  const key = keyOf(pack, backend, options);
  const result = (state: SelfTestResult['state'], difference?: number): ModelInfo => ({
    ...info,
    selfTest: { state, difference, key },
  });
  if (!expected || key === undefined) return result('none');
  const known = options.selfTests?.[key];
  const withoutCapture = (difference?: number): ModelInfo => {
    decoder.captured = undefined;
    const graphCapture = { ...info.graphCapture, used: false, reason: 'wrong' as const, positions: 0 };
    return { ...result('capture-off', difference), graphCapture };
  };
  if (known === 'passed' || (known === 'captured' && !decoder.captured)) return result('known');
  if (known === 'captured') return withoutCapture();
  const { wrong, most } = await runSelfTest(model, expected, signal);
  if (wrong === 'captured') return withoutCapture(most);
  if (wrong !== undefined) throw failure(pack, backend, key, wrong);
  return result('passed', most);
}

function keyOf({ manifest, decoder }: ModelPackage, { info }: Backend, options: TestOptions): string | undefined {
  if (!manifest?.selfTest) return undefined;
  const { adapter } = info;
  const device = adapter ? [adapter.vendor, adapter.architecture, adapter.description] : [info.provider];
  const subgroups = options.subgroups === false ? 'no subgroups' : '';
  return [manifest.name, manifest.created, decoder.dtype, ...device, subgroups, navigator.userAgent].join(' | ');
}

function failure({ variants, decoder }: ModelPackage, { info, gpu }: Backend, key: string, part: string): FailureError {
  const full = variants.find(
    (variant) => variant.decoder.dtype !== decoder.dtype && !variant.decoder.dtype.endsWith('16'),
  );
  return new FailureError('self-test', {
    ...{ part, provider: info.provider, variant: decoder.dtype, key },
    fullVariant: decoder.dtype.endsWith('16') ? (full?.decoder.dtype ?? '') : '',
    subgroups: gpu?.device.features.has('subgroups') ? 'on' : 'off',
  });
}
