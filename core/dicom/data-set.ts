/** Data sets of DICOM (PS3.5, 7): elements by tag, read on demand. */
import { latin1 } from '../bytes.ts';
import { ImageError } from '../image/image-error.ts';

/** How elements are encoded. */
export interface Encoding {
  /** False where types are not written (Implicit VR). */
  explicit: boolean;
  littleEndian: boolean;
}

export const IMPLICIT: Encoding = { explicit: false, littleEndian: true };
export const EXPLICIT: Encoding = { explicit: true, littleEndian: true };

interface Element {
  /** Two letters; undefined in Implicit VR. */
  vr: string | undefined;
  value: Uint8Array;
  /** True for a length that is not written: a sequence up to its delimiter. */
  open: boolean;
  encoding: Encoding;
}

/** VRs whose length has four bytes (PS3.5, 7.1.2). */
const longLength: readonly string[] = 'OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' ');

export const PIXEL_DATA = 0x7fe00010;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const OPEN_LENGTH = 0xffffffff;
/** Deeper nesting is a damaged file. */
const MAX_DEPTH = 16;

/** Binary types of numbers, with their bytes. */
const sizes = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8 } as const;
export type NumberType = keyof typeof sizes | 'DS' | 'IS';

export class DataSet {
  readonly #elements = new Map<number, Element>();

  add(tag: number, element: Element): void {
    this.#elements.set(tag, element);
  }

  has(tag: number): boolean {
    return this.#elements.has(tag);
  }

  /** True for an element with a value. */
  isFilled(tag: number): boolean {
    return this.bytes(tag).length > 0 && (this.#elements.get(tag)?.vr === 'SQ' || this.text(tag) !== '');
  }

  /** The stored bytes of an element; empty if the file does not have it. */
  bytes(tag: number): Uint8Array {
    return this.#elements.get(tag)?.value ?? new Uint8Array(0);
  }

  /** True for encapsulated pixel data. */
  isOpen(tag: number): boolean {
    return this.#elements.get(tag)?.open ?? false;
  }

  vr(tag: number): string | undefined {
    return this.#elements.get(tag)?.vr;
  }

  /** The bytes as Latin-1 without padding; empty if the file does not have the element. */
  text(tag: number): string {
    return latin1(this.bytes(tag))
      .replace(/[\0 ]+$/, '')
      .trimStart();
  }

  /** Values of a text element: they are separated by a backslash. */
  texts(tag: number): string[] {
    const text = this.text(tag);
    return text === '' ? [] : text.split('\\').map((value) => value.trim());
  }

  /** @param type where the file does not tell it (Implicit VR, or US and SS for one tag) */
  numbers(tag: number, type: NumberType): number[] {
    const element = this.#elements.get(tag);
    if (!element) return [];
    if (type === 'DS' || type === 'IS') return this.texts(tag).map(Number).filter(Number.isFinite);
    const { value, encoding } = element;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const size = sizes[type];
    const little = encoding.littleEndian;
    return Array.from({ length: Math.floor(value.length / size) }, (_, index) => {
      const at = index * size;
      if (type === 'US') return view.getUint16(at, little);
      if (type === 'SS') return view.getInt16(at, little);
      if (type === 'UL') return view.getUint32(at, little);
      if (type === 'SL') return view.getInt32(at, little);
      return type === 'FL' ? view.getFloat32(at, little) : view.getFloat64(at, little);
    });
  }

  number(tag: number, type: NumberType): number | undefined {
    return this.numbers(tag, type)[0];
  }

  /** Items of a sequence. @throws ImageError for a sequence that is damaged */
  items(tag: number): DataSet[] {
    const element = this.#elements.get(tag);
    if (!element) return [];
    const items: DataSet[] = [];
    // A sequence of unknown type is in Implicit VR (PS3.5, 6.2.2).
    const encoding = element.vr === 'UN' ? IMPLICIT : element.encoding;
    readItems(new Reader(element.value, encoding), 0, items);
    return items;
  }

  /** Fragments of encapsulated pixel data; the first is the offset table (PS3.5, A.4). @throws ImageError */
  fragments(tag: number): Uint8Array[] {
    const reader = new Reader(this.bytes(tag), EXPLICIT);
    const fragments: Uint8Array[] = [];
    while (!reader.isDone) {
      const { tag: item, length } = reader.itemHeader();
      if (item === SEQUENCE_END) break;
      if (item !== ITEM || length === OPEN_LENGTH) throw new ImageError('its pixel data are damaged');
      fragments.push(reader.take(length));
    }
    return fragments;
  }
}

/** Elements to the end of the bytes, or as far as `goesOn` says by their tags. @throws ImageError for what is not DICOM */
export function readDataSet(
  bytes: Uint8Array,
  encoding: Encoding,
  goesOn: (tag: number) => boolean = () => true,
): { dataSet: DataSet; length: number } {
  const reader = new Reader(bytes, encoding);
  const dataSet = new DataSet();
  while (!reader.isDone && goesOn(reader.nextTag())) readElement(reader, dataSet, 0);
  return { dataSet, length: reader.at };
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly encoding: Encoding;

  constructor(bytes: Uint8Array, encoding: Encoding) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.encoding = encoding;
  }

  /** Less than an element's header is left: padding. */
  get isDone(): boolean {
    return this.at + 8 > this.#bytes.length;
  }

  nextTag(): number {
    const little = this.encoding.littleEndian;
    return this.#view.getUint16(this.at, little) * 0x10000 + this.#view.getUint16(this.at + 2, little);
  }

  itemHeader(): { tag: number; length: number } {
    const tag = this.nextTag();
    this.at += 4;
    return { tag, length: this.#long() };
  }

  elementHeader(): { tag: number; vr: string | undefined; length: number } {
    const tag = this.nextTag();
    if (!this.encoding.explicit || Math.floor(tag / 0x10000) === 0xfffe) {
      return { vr: undefined, ...this.itemHeader() };
    }
    const vr = String.fromCharCode(this.#bytes[this.at + 4]!, this.#bytes[this.at + 5]!);
    if (!/^[A-Z]{2}$/.test(vr)) throw new ImageError(`its data elements are damaged at ${hex(tag)}`);
    if (!longLength.includes(vr)) {
      const length = this.#view.getUint16(this.at + 6, this.encoding.littleEndian);
      this.at += 8;
      return { tag, vr, length };
    }
    this.at += 8;
    return { tag, vr, length: this.#long() };
  }

  take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.at, this.at + length);
    if (taken.length < length) throw new ImageError('the file is cut off');
    this.at += length;
    return taken;
  }

  from(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  #long(): number {
    if (this.at + 4 > this.#bytes.length) throw new ImageError('the file is cut off');
    const value = this.#view.getUint32(this.at, this.encoding.littleEndian);
    this.at += 4;
    return value;
  }
}

function readElement(reader: Reader, dataSet: DataSet, depth: number): void {
  const { encoding } = reader;
  const { tag, vr, length } = reader.elementHeader();
  if (length !== OPEN_LENGTH) {
    dataSet.add(tag, { vr, value: reader.take(length), open: false, encoding });
    return;
  }
  if (depth > MAX_DEPTH) throw new ImageError('its sequences are nested too deeply');
  const start = reader.at;
  const end = tag === PIXEL_DATA ? skipFragments(reader) : skipItems(reader, vr, depth + 1);
  dataSet.add(tag, { vr, value: reader.from(start, end), open: true, encoding });
}

/** @returns where the fragments end; the reader stands behind their delimiter */
function skipFragments(reader: Reader): number {
  while (!reader.isDone) {
    const end = reader.at;
    const { tag, length } = reader.itemHeader();
    if (tag === SEQUENCE_END) return end;
    if (tag !== ITEM) throw new ImageError('its pixel data are damaged');
    reader.take(length);
  }
  throw new ImageError('the file is cut off');
}

function skipItems(reader: Reader, vr: string | undefined, depth: number): number {
  if (vr !== 'UN') return readItems(reader, depth);
  const inside = new Reader(reader.from(reader.at, Infinity), IMPLICIT);
  const start = reader.at;
  const length = readItems(inside, depth);
  reader.at = start + inside.at;
  return start + length;
}

/** Up to the delimiter or the end. @returns where the items end */
function readItems(reader: Reader, depth: number, items: DataSet[] = []): number {
  while (!reader.isDone) {
    const end = reader.at;
    const { tag, length } = reader.itemHeader();
    if (tag === SEQUENCE_END) return end;
    if (tag !== ITEM) throw new ImageError(`its sequences are damaged at ${hex(tag)}`);
    if (length !== OPEN_LENGTH) {
      items.push(readDataSet(reader.take(length), reader.encoding).dataSet);
      continue;
    }
    const item = new DataSet();
    while (!reader.isDone && reader.nextTag() !== ITEM_END) readElement(reader, item, depth);
    reader.take(8);
    items.push(item);
  }
  return reader.at;
}

/** As DICOM writes tags: (0028,0010). */
export function hex(tag: number): string {
  const digits = tag.toString(16).padStart(8, '0').toUpperCase();
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}
