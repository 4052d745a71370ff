/** Reads the header of a safetensors file: https://github.com/huggingface/safetensors#format */
import { isJsonObject } from '../json.ts';
import type { ByteSource } from '../bytes.ts';
import { KIND_BYTES } from '../files/kind.ts';
import { refuseManyValues } from '../files/parse-json.ts';
import { refuseOther } from '../files/other-file.ts';

/** Bytes per element. Types of less than a byte are not supported. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const;

export type TensorDtype = keyof typeof DTYPE_BYTES;

export interface TensorEntry {
  name: string;
  dtype: TensorDtype;
  /** Row-major. */
  shape: number[];
  /** First byte in the file, and the byte after the last. */
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  /** Sorted by offset. */
  tensors: Map<string, TensorEntry>;
  /** The `__metadata__` entry; empty if missing. */
  metadata: Map<string, string>;
}

/** Not a complete safetensors file. The message names the file and, if applicable, the tensor. */
export class SafetensorsError extends Error {
  constructor(
    readonly file: string,
    readonly tensor: string | undefined,
    reason: string,
  ) {
    super(tensor === undefined ? `${file}: ${reason}` : `${file}: tensor "${tensor}": ${reason}`);
    this.name = 'SafetensorsError';
  }
}

/** The reference implementation has the same limit. */
const MAX_HEADER_BYTES = 100_000_000;
/** Gemma 3 27B has 1,247 tensors. */
const MAX_TENSORS = 200_000;

/**
 * Reads and checks the header: length, JSON, types, sizes, and that the tensors cover the data part of the file
 * without overlaps, gaps or trailing bytes, like the reference implementation. Reads no tensor data.
 * @throws SafetensorsError, and OtherFileError for a file of another kind
 */
export async function readHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const fail = (reason: string, tensor?: string) => new SafetensorsError(source.name, tensor, reason);
  const prefix = await source.read(0, Math.min(9, source.size));
  // The length of a header may have the first bytes of any format; the brace behind it tells.
  if (prefix[8] !== 0x7b)
    refuseOther(await source.read(0, Math.min(KIND_BYTES, source.size)), source.name, 'safetensors');
  if (prefix.length < 8) throw fail(`${source.size} bytes are too few for a safetensors file`);
  const declared = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) throw fail(`declares a header of ${declared} bytes: not a safetensors file`);
  const headerBytes = Number(declared);
  const dataStart = 8 + headerBytes;
  if (dataStart > source.size) throw fail(`truncated: header ends at ${dataStart}, the file at ${source.size}`);

  const json = parseObject(await source.read(8, headerBytes), fail);
  const metadata = new Map<string, string>();
  const entries: TensorEntry[] = [];
  const named = Object.entries(json);
  if (named.length > MAX_TENSORS) throw fail(`declares ${named.length} tensors, more than ${MAX_TENSORS}`);
  for (const [name, value] of named) {
    if (name === '__metadata__') {
      if (!isJsonObject(value)) throw fail('__metadata__ is not an object');
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') throw fail(`__metadata__.${key} is not a string`);
        metadata.set(key, text);
      }
    } else {
      entries.push(parseEntry(name, value, dataStart, (reason) => fail(reason, name)));
    }
  }

  // Empty tensors have begin == end and come before the tensor that begins at the same byte.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = dataStart;
  for (const { name, begin, end } of entries) {
    if (begin < expected) throw fail(`begins at byte ${begin}, inside the tensor before it`, name);
    if (begin > expected) throw fail(`begins at byte ${begin}; nothing describes the bytes from ${expected}`, name);
    if (end > source.size) throw fail(`truncated: tensor ends at byte ${end}, the file at ${source.size}`, name);
    expected = end;
  }
  if (expected !== source.size) throw fail(`nothing describes the bytes from ${expected} to ${source.size}`);
  return { tensors: new Map(entries.map((entry) => [entry.name, entry])), metadata };
}

function parseObject(bytes: Uint8Array, fail: (reason: string) => SafetensorsError): Record<string, unknown> {
  let json: unknown;
  try {
    refuseManyValues(bytes);
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw fail(`header is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(json)) throw fail('header is not a JSON object');
  return json;
}

function parseEntry(
  name: string,
  value: unknown,
  dataStart: number,
  fail: (reason: string) => SafetensorsError,
): TensorEntry {
  if (!isJsonObject(value)) throw fail('header entry is not an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw fail(`dtype ${JSON.stringify(dtype)} is none of ${Object.keys(DTYPE_BYTES).join(', ')}`);
  if (!isSizes(shape)) throw fail(`shape ${JSON.stringify(shape)} is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw fail(`data_offsets ${JSON.stringify(offsets)} are not two byte offsets`);
  }
  const [begin = 0, end = 0] = offsets;
  const bytes = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
  if (end - begin !== bytes) {
    throw fail(`${dtype} [${shape.join(', ')}] takes ${bytes} bytes, data_offsets span ${end - begin}`);
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function isDtype(value: unknown): value is TensorDtype {
  return typeof value === 'string' && Object.hasOwn(DTYPE_BYTES, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size: unknown) => Number.isSafeInteger(size) && Number(size) >= 0);
}
