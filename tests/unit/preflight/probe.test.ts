/** How much memory a GPU gives, found on memories that are full, slow, lost, or stopped. */
import { describe, expect, test } from 'vitest';
import { adapterKind, probeLimit, type AdapterKind } from '#core/budget/adapter-kind.ts';
import { probeMemory, type ProbedMemory } from '../../../workers/preflight/probe.ts';
import { hintsOf } from '../../../src/labs/plan/here-hints.ts';
import type { AdapterReport } from '#core/protocol/preflight.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const never = new AbortController().signal;

/** A memory of `room` bytes in pieces of at most `maxPiece`. */
class FakeMemory implements ProbedMemory {
  readonly taken: number[] = [];
  refusals = 0;

  constructor(
    readonly room: number,
    readonly maxPiece = 2 * GIB,
    /** Milliseconds that a mebibyte takes, by what is taken already. */
    readonly pace: (taken: number) => number = () => 0.1,
  ) {}

  get bytes(): number {
    return this.taken.reduce((sum, bytes) => sum + bytes, 0);
  }

  take(bytes: number): Promise<number | 'refused' | 'lost'> {
    expect(bytes).toBeLessThanOrEqual(this.maxPiece);
    expect(bytes % 4).toBe(0);
    if (this.bytes + bytes > this.room) {
      this.refusals++;
      return Promise.resolve('refused');
    }
    const milliseconds = (this.pace(this.bytes) * bytes) / MIB;
    this.taken.push(bytes);
    return Promise.resolve(milliseconds);
  }
}

const probe = (memory: ProbedMemory, atMost: number, onProgress: (bytes: number) => void = () => {}, signal = never) =>
  probeMemory(memory, atMost, signal, onProgress);

describe('the probe', () => {
  test.each([100 * MIB, GIB, 3.7 * GIB, 11 * GIB])('finds a memory of %d bytes to 16 MiB', async (room) => {
    const memory = new FakeMemory(room);
    const { bytes, end } = await probe(memory, 24 * GIB);
    expect(end).toBe('refused');
    expect(bytes).toBe(memory.bytes);
    expect(room - bytes).toBeLessThan(16 * MIB);
    // A refusal may cost the driver much: few of them.
    expect(memory.refusals).toBeLessThanOrEqual(7);
  });

  test('takes no more than it may', async () => {
    const memory = new FakeMemory(100 * GIB);
    const seen: number[] = [];
    const limit = 5 * GIB + 12_345;
    expect(await probe(memory, limit, (bytes) => seen.push(bytes))).toEqual({ bytes: memory.bytes, end: 'limit' });
    expect(memory.bytes).toBeLessThanOrEqual(limit);
    expect(limit - memory.bytes).toBeLessThan(4);
    expect(seen.at(-1)).toBe(memory.bytes);
    expect(Math.max(...memory.taken)).toBe(512 * MIB);
  });

  test('stays within the largest buffer of the device', async () => {
    const memory = new FakeMemory(GIB, 128 * MIB);
    expect((await probe(memory, 4 * GIB)).bytes).toBeGreaterThan(GIB - 16 * MIB);
  });

  test('ends when filling becomes slow: the system swaps', async () => {
    const memory = new FakeMemory(100 * GIB, 2 * GIB, (taken) => (taken > 3 * GIB ? 5 : 0.1));
    const { bytes, end } = await probe(memory, 24 * GIB);
    expect(end).toBe('slow');
    expect(bytes).toBeLessThan(4.5 * GIB);
  });

  test('a GPU that is slow throughout is not taken for one that swaps', async () => {
    const memory = new FakeMemory(GIB, 2 * GIB, () => 20);
    expect((await probe(memory, 24 * GIB)).end).toBe('refused');
  });

  test('ends when the device is lost', async () => {
    const memory = new FakeMemory(100 * GIB);
    const losing: ProbedMemory = {
      maxPiece: memory.maxPiece,
      take: (bytes) => (memory.bytes > GIB ? Promise.resolve('lost') : memory.take(bytes)),
    };
    expect(await probe(losing, 24 * GIB)).toEqual({ bytes: memory.bytes, end: 'lost' });
  });

  test('stops between two pieces, with what it reached', async () => {
    const memory = new FakeMemory(100 * GIB);
    const stop = new AbortController();
    const onProgress = (bytes: number) => bytes > 2 * GIB && stop.abort();
    const { bytes, end } = await probe(memory, 24 * GIB, onProgress, stop.signal);
    expect(end).toBe('stopped');
    expect(bytes).toBe(memory.bytes);
    expect(bytes).toBeLessThan(3 * GIB);
  });
});

test.each<[string, string, string, boolean, AdapterKind]>([
  ['google', 'swiftshader', 'SwiftShader Device', true, 'software'],
  ['nvidia', 'ada', 'NVIDIA GeForce RTX 4060 Laptop GPU', false, 'discrete'],
  ['intel', 'gen-12lp', 'Intel(R) Iris(R) Xe Graphics', false, 'integrated'],
  ['intel', 'xe-2hpg', 'Intel(R) Arc(TM) B580', false, 'discrete'],
  ['amd', 'rdna-3', 'AMD Radeon RX 7800 XT', false, 'discrete'],
  ['amd', 'rdna-3', 'AMD Radeon(TM) 780M', false, 'integrated'],
  ['amd', 'rdna-2', '', false, 'unknown'],
  ['apple', 'metal-3', '', false, 'unified'],
  ['qualcomm', 'adreno-7xx', '', false, 'integrated'],
])('%s %s "%s" is a GPU of the right kind', (vendor, architecture, description, isFallback, kind) => {
  expect(adapterKind({ vendor, architecture, description, isFallback })).toBe(kind);
});

test('no laptop is tried beyond half of its memory, nor a software adapter beyond a quarter of a gibibyte', () => {
  expect(probeLimit('discrete', 4e9, 8)).toBe(5e9);
  expect(probeLimit('discrete', 60e9, 8)).toBe(24 * GIB);
  for (const kind of ['integrated', 'unified', 'unknown'] as const) {
    expect(probeLimit(kind, 10e9, 8)).toBe(4 * GIB);
    expect(probeLimit(kind, 10e9, 2)).toBe(GIB);
    expect(probeLimit(kind, 10e9, undefined)).toBe(2 * GIB);
    expect(probeLimit(kind, 1e9, 8)).toBe(2 * GIB);
  }
  expect(probeLimit('software', 10e9, 8)).toBe(GIB / 4);
});

describe('hints', () => {
  const card: AdapterReport = {
    names: { vendor: 'nvidia', architecture: 'ada', description: '', isFallback: false, shaderF16: true },
    kind: 'discrete',
    lowPower: undefined,
    subgroupSizes: { least: 32, most: 32 },
    limits: { maxBufferSize: 4e9, maxStorageBufferBindingSize: 4e9, maxStorageBuffersPerShaderStage: 10 },
  };
  const good = {
    power: { isCharging: true, level: 1 },
    storage: { freeBytes: 1e11, isPersisted: true },
    network: undefined,
  };
  const known = { adapter: card, machine: good, downloadBytes: 3e9, preset: 'q4f16' } as const;

  test('a good machine gets none, one that says nothing neither', () => {
    expect(hintsOf(known)).toEqual([]);
    const silent = { power: undefined, storage: undefined, network: undefined };
    expect(hintsOf({ ...known, machine: silent })).toEqual([]);
    expect(hintsOf({ ...known, adapter: undefined, machine: undefined })).toEqual([]);
  });

  test('what is wrong is named', () => {
    const names = { ...card.names, shaderF16: false };
    expect(hintsOf({ ...known, adapter: 'no-webgpu' })).toEqual(['no-gpu']);
    expect(hintsOf({ ...known, adapter: { ...card, kind: 'software' } })).toEqual(['software']);
    expect(hintsOf({ ...known, adapter: { ...card, kind: 'integrated' } })).toEqual(['integrated']);
    expect(hintsOf({ ...known, adapter: { ...card, names } })).toEqual(['no-half']);
    expect(hintsOf({ ...known, adapter: { ...card, names }, preset: 'fp16' })).toEqual(['half-only']);
    const small = { ...card.limits, maxStorageBufferBindingSize: 128 * MIB };
    expect(hintsOf({ ...known, adapter: { ...card, limits: small } })).toEqual(['small-buffers']);
    const lowPower = { vendor: 'intel', architecture: 'gen-12lp', description: '' };
    expect(hintsOf({ ...known, adapter: { ...card, lowPower } })).toEqual(['two-gpus']);
    const poor = {
      power: { isCharging: false, level: 0.4 },
      storage: { freeBytes: 1e9, isPersisted: false },
      network: undefined,
    };
    expect(hintsOf({ ...known, machine: poor })).toEqual(['battery', 'no-room']);
    const full = { ...good, storage: { freeBytes: 1e11, isPersisted: false } };
    expect(hintsOf({ ...known, machine: full })).toEqual(['not-kept']);
  });
});
