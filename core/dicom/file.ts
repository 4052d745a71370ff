import { ImageError } from '../image/image-error.ts';
import { EXPLICIT, IMPLICIT, readDataSet, type DataSet } from './data-set.ts';
import { transferSyntax, type TransferSyntax } from './transfer-syntax.ts';

/** Inflates a raw deflate stream. */
export type Inflate = (bytes: Uint8Array) => Promise<Uint8Array>;

export interface DicomFile {
  syntax: TransferSyntax;
  dataSet: DataSet;
}

const TRANSFER_SYNTAX = 0x00020010;
const EXPLICIT_UID = '1.2.840.10008.1.2.1';
const IMPLICIT_UID = '1.2.840.10008.1.2';

/** Opens a DICOM file (PS3.10, 7), with or without preamble. @throws ImageError for a file that is damaged or cut off */
export async function openDicom(bytes: Uint8Array, inflate: Inflate): Promise<DicomFile> {
  const hasPreamble = [...bytes.subarray(128, 132)].join() === '68,73,67,77';
  const body = hasPreamble ? bytes.subarray(132) : bytes;
  if (body.length < 8) throw new ImageError('the file is cut off');
  // The head of the file: group 0002, always in Explicit VR Little Endian.
  const head = readDataSet(body, EXPLICIT, (tag) => Math.floor(tag / 0x10000) === 2);
  const rest = body.subarray(head.length);
  const syntax = transferSyntax(head.dataSet.text(TRANSFER_SYNTAX) || guess(rest));
  const elements = syntax.deflated ? await inflate(rest) : rest;
  // Some writers leave the types out although the transfer syntax says that they are written.
  const encoding = syntax.encoding.littleEndian && !hasTypes(elements) ? IMPLICIT : syntax.encoding;
  const { dataSet } = readDataSet(elements, encoding);
  return { syntax, dataSet };
}

/** Old files without a head: whether types are written is seen at the first element, which belongs to group 0008. */
function guess(elements: Uint8Array): string {
  const group = (elements[0] ?? 0) | ((elements[1] ?? 0) << 8);
  if (group !== 0x0008) throw new ImageError('its transfer syntax is missing');
  return hasTypes(elements) ? EXPLICIT_UID : IMPLICIT_UID;
}

function hasTypes(elements: Uint8Array): boolean {
  return /^[A-Z]{2}$/.test(String.fromCharCode(elements[4] ?? 0, elements[5] ?? 0));
}
