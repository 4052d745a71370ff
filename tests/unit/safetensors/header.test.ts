import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '#core/memory-source.ts';
import { OtherFileError } from '#core/files/other-file.ts';
import { DTYPE_BYTES, readHeader, SafetensorsError } from '#core/safetensors/header.ts';
import type { TensorDtype } from '#core/safetensors/header.ts';
import { encodeHeader, tensorBytes, writeSafetensors } from '#core/safetensors/write.ts';
import type { TensorPlan } from '#core/safetensors/write.ts';

const dtypes = Object.keys(DTYPE_BYTES).filter((key): key is TensorDtype => Object.hasOwn(DTYPE_BYTES, key));

const tensor: fc.Arbitrary<TensorPlan & { data: Uint8Array }> = fc
  .record({
    name: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((name) => name !== '__metadata__'),
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
  })
  .chain((plan) => {
    const bytes = tensorBytes(plan);
    return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((data) => ({ ...plan, data }));
  });
const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 });
const read = (bytes: Uint8Array) => readHeader(new MemorySource('test.safetensors', bytes));

/** A file with a header of our choice and `dataBytes` zero bytes. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe('readHeader', () => {
  it('finds every tensor that was written, with its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.array(fc.tuple(fc.string(), fc.string())), async (list, pairs) => {
        const metadata = new Map(pairs);
        const bytes = writeSafetensors(list, metadata);
        const header = await read(bytes);
        expect(header.tensors.size).toBe(list.length);
        expect(header.metadata).toEqual(metadata);
        for (const { name, dtype, shape, data } of list) {
          const found = header.tensors.get(name);
          expect(found).toMatchObject({ name, dtype, shape });
          expect(bytes.subarray(found?.begin, found?.end)).toEqual(data);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a header of more values than any file has, before it is parsed', async () => {
    await expect(read(file('[]'.repeat(8_000_001), 0))).rejects.toThrow('more than 8000000 values');
  });

  it('refuses every truncation', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (list, part) => {
        const bytes = writeSafetensors(list);
        const length = Math.floor(part * bytes.length);
        const error = length === 0 ? OtherFileError : SafetensorsError;
        await expect(read(bytes.subarray(0, length))).rejects.toThrow(error);
      }),
      { numRuns: 200 },
    );
  });

  it('either refuses a corrupted header with a SafetensorsError or still returns ranges inside the file', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.nat(), fc.integer({ min: 1, max: 255 }), async (list, position, flip) => {
        const bytes = writeSafetensors(list);
        const at = position % encodeHeader(list).length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          const header = await read(bytes);
          for (const { begin, end, dtype, shape } of header.tensors.values()) {
            expect(begin).toBeGreaterThanOrEqual(8);
            expect(end).toBeLessThanOrEqual(bytes.length);
            expect(end - begin).toBe(tensorBytes({ name: '', dtype, shape }));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
      { numRuns: 500 },
    );
  });

  const good = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  it.each<[string, Uint8Array, RegExp]>([
    ['no header', new Uint8Array(3), /test\.safetensors: 3 bytes/],
    ['absurd header length', new Uint8Array(16).fill(255), /declares a header/],
    ['header beyond the file', file('{}', 0).fill(200, 0, 1), /truncated: header ends at/],
    ['no JSON', file('{"a":', 0), /not JSON/],
    ['invalid UTF-8', file('{}', 0).fill(255, 8), /not JSON/],
    ['a list', file([], 0), /not a JSON object/],
    ['unknown dtype', file({ a: { ...good, dtype: 'F3' } }, 8), /tensor "a": dtype "F3"/],
    ['inherited dtype', file({ a: { ...good, dtype: 'toString' } }, 8), /tensor "a": dtype "toString"/],
    ['negative size', file({ a: { ...good, shape: [-2] } }, 8), /tensor "a": shape/],
    ['fractional size', file({ a: { ...good, shape: [1.5] } }, 8), /tensor "a": shape/],
    ['size does not match', file({ a: { ...good, shape: [3] } }, 8), /tensor "a": F32 \[3\] takes 12 bytes/],
    ['truncated data', file({ a: good }, 7), /tensor "a": truncated/],
    ['overlap', file({ a: good, b: { ...good, data_offsets: [4, 12] } }, 12), /tensor "b": begins .* inside/],
    ['gap', file({ a: good, b: { ...good, data_offsets: [12, 20] } }, 20), /tensor "b": .* nothing describes/],
    ['rest', file({ a: good }, 9), /nothing describes the bytes/],
    ['metadata of numbers', file({ __metadata__: { a: 1 } }, 0), /__metadata__\.a/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });

  it.each<[string, string | number[], RegExp]>([
    ['GGUF', 'GGUF\u0003\u0000\u0000\u0000\u00bb', /is GGUF \(llama\.cpp\), not safetensors/],
    ['a zip of PyTorch', `PK\u0003\u0004${'-'.repeat(26)}archive/data.pkl`, /is a PyTorch pickle/],
    ['another zip', 'PK\u0003\u0004-------------', /is a zip archive, not safetensors; unpack it/],
    ['a pickle', [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9], /is a PyTorch pickle/],
    ['a page', '<!DOCTYPE html><html>', /is a web page \(HTML\), not safetensors; .*download again/],
    ['a refusal of the hub', 'Access to model google/medgemma is restricted', /accept the licence/],
    ['HDF5', [0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0], /HDF5/],
  ])('names %s', async (_, start, message) => {
    const bytes = typeof start === 'string' ? new TextEncoder().encode(start) : Uint8Array.from(start);
    await expect(read(Uint8Array.from([...bytes, ...new Uint8Array(2000).fill(65)]))).rejects.toThrow(message);
  });

  it('reads what the safetensors library wrote', async () => {
    const name = new URL('../../fixtures/gemma3-tiny/checkpoint/model.safetensors', import.meta.url);
    const header = await read(await readFile(name));
    expect(header.metadata).toEqual(new Map([['format', 'pt']]));
    expect(header.tensors.get('language_model.model.embed_tokens.weight')).toMatchObject({
      dtype: 'BF16',
      shape: [512, 160],
    });
  });
});
