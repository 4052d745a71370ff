/** What is said of a package before it is opened, and when opening it is asked about. */
import { expect, test } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import type { AdapterReport, MemoryProbe, PackageSize } from '#core/protocol/preflight.ts';
import { doesNotFit, packageVerdict, type Here } from '../../../src/workers/package-verdict.ts';
import { presetConfig } from '../../../cli/shared/presets.ts';

const size: PackageSize = {
  name: 'medgemma',
  config: parseConfig(presetConfig('medgemma-4b')),
  variants: [{ decoder: 'q4', vision: 'q8', decoderBytes: 2.4e9, downloadBytes: 3.4e9, weightBytes: 3.8e9 }],
};
const adapter = (kind: AdapterReport['kind'] = 'discrete'): AdapterReport => ({
  names: { vendor: '', architecture: '', description: '', isFallback: false, shaderF16: false },
  kind,
  lowPower: undefined,
  subgroupSizes: undefined,
  limits: { maxBufferSize: 0, maxStorageBufferBindingSize: 0, maxStorageBuffersPerShaderStage: 8 },
});
const probed = (bytes: number, end: MemoryProbe['end']): MemoryProbe => ({ bytes, end });
const verdict = (here: Partial<Here>, of = size) => {
  const found = packageVerdict(of, {
    ...{ report: adapter(), probe: undefined, provider: 'auto', contextLength: 4096, ...here },
  });
  return [found.fit, doesNotFit(found)];
};

test.each<[string, Partial<Here>, [string, boolean]]>([
  ['a GPU that was not measured', {}, ['unmeasured', false]],
  ['a GPU that gave less', { probe: probed(2e9, 'refused') }, ['too-large', true]],
  ['a measurement that was stopped', { probe: probed(2e9, 'stopped') }, ['unknown', false]],
  ['a GPU that gave all that was asked', { probe: probed(8e9, 'limit') }, ['fits', false]],
  ['no GPU', { report: undefined }, ['cpu-too-large', true]],
  ['the CPU, as the visitor set it', { provider: 'wasm', probe: probed(8e9, 'limit') }, ['cpu-too-large', true]],
  // The engine takes it for what is too large for the CPU.
  ['a software GPU', { report: adapter('software') }, ['unmeasured', false]],
])('MedGemma 4B on %s', (_, here, expected) => {
  expect(verdict(here)).toEqual(expected);
});

test('a small package runs on the CPU, also in a precision that is not computed here', () => {
  const small = {
    ...size,
    variants: [{ decoder: 'q2', vision: undefined, decoderBytes: 1e6, downloadBytes: 4e6, weightBytes: 4e6 }],
  };
  expect(verdict({ report: undefined }, small)).toEqual(['cpu', false]);
  expect(verdict({ report: adapter('software') }, small)).toEqual(['cpu', false]);
  const [fit] = verdict(
    {},
    {
      ...small,
      variants: [{ decoder: 'int3', vision: undefined, decoderBytes: 1e6, downloadBytes: 4e6, weightBytes: 4e6 }],
    },
  );
  expect(fit).toBe('format');
});

test('a table that two graphs share counts twice on the CPU, though it is downloaded once', () => {
  const shared = {
    ...size,
    variants: [{ decoder: 'q4', vision: 'q8', decoderBytes: 8e8, downloadBytes: 1.1e9, weightBytes: 1.5e9 }],
  };
  expect(verdict({ report: undefined }, shared)).toEqual(['cpu-too-large', true]);
});
