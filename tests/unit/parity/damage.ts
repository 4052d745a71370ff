/** Damages one initializer in a copy of a package. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { externalLocation, mainGraph, readModel } from '#core/onnx/model.ts';
import { decodeFloats, encodeHalf } from '#core/safetensors/dtype.ts';

/** Copies the package at `from` to `to` with the external bytes of one initializer changed by `edit`. */
export function damage(
  from: string,
  to: string,
  modelFile: string,
  initializer: string,
  edit: (bytes: Uint8Array) => void,
): void {
  cpSync(from, to, { recursive: true });
  const model = readModel(readFileSync(join(to, 'onnx', modelFile)));
  const tensor = mainGraph(model).initializer.find(({ name }) => name === initializer);
  const place = tensor && externalLocation(tensor);
  if (!place) throw new Error(`${modelFile} has no external "${initializer}"`);
  const file = join(to, 'onnx', place.location);
  const bytes = readFileSync(file);
  edit(bytes.subarray(place.offset, place.offset + place.length));
  writeFileSync(file, bytes);
}

export function swapNibbles(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = ((bytes[i] ?? 0) >> 4) | ((bytes[i] ?? 0) << 4);
}

export function swapBytePairs(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 2) bytes.subarray(i, i + 2).reverse();
}

/** Multiplies float16 values. */
export function scaleHalves(factor: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    const halves = new Uint16Array(bytes.length / 2);
    encodeHalf(
      decodeFloats(bytes, 'F16').map((value) => value * factor),
      halves,
    );
    bytes.set(new Uint8Array(halves.buffer));
  };
}
