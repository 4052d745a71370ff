/** Adapters are read and decomposed once, however often their strengths and ranks change. */
import { readFileSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import { parseConfig } from '#core/gemma3/config.ts';
import { lowRankSvd, truncate } from '#core/lora/svd.ts';
import type { ListedAdapter } from '#core/protocol/adapters.ts';
import { AdapterCache } from '../../../workers/engine/lora/adapter-cache.ts';

const fixture = new URL('../../fixtures/gemma3-tiny/', import.meta.url);
const file = (path: string) => readFileSync(new URL(path, fixture));
const model = parseConfig(JSON.parse(file('checkpoint/config.json').toString()));
const { signal } = new AbortController();

let reads = 0;
let decompositions = 0;
let cache: AdapterCache;

class CountingBlob extends Blob {
  override arrayBuffer(): Promise<ArrayBuffer> {
    reads++;
    return super.arrayBuffer();
  }
}

/** A Blob of its own each time, as it comes out of a message to the worker. */
function listed(id: string, cut = 0): ListedAdapter {
  const weights = file('lora/adapter_model.safetensors');
  return {
    ...{ id, name: `adapter ${id}` },
    config: new CountingBlob([file('lora/adapter_config.json')]),
    weights: new CountingBlob([weights.subarray(0, weights.length - cut)]),
  };
}

async function set(ids: readonly string[], ranks: readonly (number | undefined)[] = [], strength = 1) {
  const request = { adapters: ids.map((id) => listed(id)), strengths: ids.map(() => strength), truncateTo: ranks };
  const read = await cache.read(request, signal);
  cache.applied(request);
  return read;
}

const modules = model.text.layers * 3;

beforeEach(() => {
  reads = 0;
  decompositions = 0;
  cache = new AdapterCache(model, (module) => {
    decompositions++;
    return lowRankSvd(module);
  });
});

it('neither the rank nor the strength of a listed adapter has its files read or decomposed again', async () => {
  const whole = await set(['a']);
  expect([reads, decompositions]).toEqual([2, modules]);
  for (const rank of [1, 2, 3]) {
    const { adapters, infos } = await set(['a'], [rank], rank / 10);
    const [first] = whole.adapters[0]?.modules ?? [];
    if (!first) throw new Error('no module');
    // What the rank gives is what the file gives when it is decomposed anew.
    expect(adapters[0]?.modules[0]).toEqual(truncate(first, rank));
    expect(infos).toEqual(whole.infos);
  }
  expect((await set(['a'])).adapters[0]).toBe(whole.adapters[0]);
  expect([reads, decompositions]).toEqual([2, modules]);
});

it('another adapter is read alone; one that left the list is freed, and read again when it is back', async () => {
  await set(['a']);
  const both = await set(['a', 'b']);
  expect(both.infos.map(({ name }) => name)).toEqual(['adapter a', 'adapter b']);
  expect([reads, decompositions]).toEqual([4, 2 * modules]);
  await set(['b']);
  expect(reads).toBe(4);
  await set(['a', 'b']);
  expect([reads, decompositions]).toEqual([6, 3 * modules]);
});

it('a request that fails frees neither what is applied nor what it read, and caches no broken file', async () => {
  await set(['a']);
  const broken = { adapters: [listed('a'), listed('b'), listed('c', 10)], strengths: [1, 1, 1], truncateTo: [] };
  await expect(cache.read(broken, signal)).rejects.toThrow(/adapter c\/adapter_model\.safetensors: .*truncated/);
  expect(reads).toBe(6);
  await set(['a', 'b']);
  expect(reads).toBe(6);
  await expect(cache.read(broken, signal)).rejects.toThrow(/truncated/);
  expect(reads).toBe(8);
});

it('a stop ends the decomposition, and leaves nothing half done', async () => {
  const abort = new AbortController();
  let clock = 0;
  const slow = new AdapterCache(model, (module) => {
    const end = performance.now() + 60;
    while (performance.now() < end) clock++;
    abort.abort();
    return lowRankSvd(module);
  });
  const request = { adapters: [listed('a')], strengths: [1], truncateTo: [] };
  await expect(slow.read(request, abort.signal)).rejects.toThrow(/abort/);
  expect(clock).toBeGreaterThan(0);
  reads = 0;
  await expect(slow.read(request, abort.signal)).rejects.toThrow(/abort/);
  expect(reads).toBe(2);
});

it('refuses strengths that are not one number for each, and names that are taken', async () => {
  const adapters = [listed('a'), { ...listed('b'), name: 'adapter a' }];
  await expect(cache.read({ adapters, strengths: [1], truncateTo: [] }, signal)).rejects.toThrow(RangeError);
  await expect(cache.read({ adapters, strengths: [1, NaN], truncateTo: [] }, signal)).rejects.toThrow(RangeError);
  await expect(cache.read({ adapters, strengths: [1, 1], truncateTo: [] }, signal)).rejects.toThrow(
    /adapter a: another adapter has the same name/,
  );
  expect(reads).toBe(0);
});
