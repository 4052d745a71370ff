/** Transfer syntaxes (PS3.6, A): how the elements and the pixels of a file are encoded. */
import { EXPLICIT, IMPLICIT, type Encoding } from './data-set.ts';

export interface TransferSyntax {
  name: string;
  encoding: Encoding;
  /** 'refused': the pixels are compressed in a way that is not decoded here. */
  pixels: 'native' | 'rle' | 'jpeg' | 'refused';
  /** True where the elements after the file's head are a raw deflate stream. */
  deflated?: boolean;
}

const native = (name: string, encoding: Encoding): TransferSyntax => ({ name, encoding, pixels: 'native' });
const compressed = (name: string, pixels: 'rle' | 'jpeg' | 'refused' = 'refused'): TransferSyntax => ({
  name,
  encoding: EXPLICIT,
  pixels,
});

const known: Readonly<Record<string, TransferSyntax>> = {
  '1.2.840.10008.1.2': native('Implicit VR Little Endian', IMPLICIT),
  '1.2.840.10008.1.2.1': native('Explicit VR Little Endian', EXPLICIT),
  '1.2.840.10008.1.2.2': native('Explicit VR Big Endian', { explicit: true, littleEndian: false }),
  '1.2.840.10008.1.2.1.99': { ...native('Deflated Explicit VR Little Endian', EXPLICIT), deflated: true },
  '1.2.840.10008.1.2.5': compressed('RLE Lossless', 'rle'),
  '1.2.840.10008.1.2.4.50': compressed('JPEG Baseline', 'jpeg'),
  '1.2.840.10008.1.2.4.51': compressed('JPEG Extended', 'jpeg'),
  '1.2.840.10008.1.2.4.57': compressed('JPEG Lossless'),
  '1.2.840.10008.1.2.4.70': compressed('JPEG Lossless, First-Order Prediction'),
  '1.2.840.10008.1.2.4.80': compressed('JPEG-LS Lossless'),
  '1.2.840.10008.1.2.4.81': compressed('JPEG-LS Near-Lossless'),
  '1.2.840.10008.1.2.4.90': compressed('JPEG 2000 Lossless'),
  '1.2.840.10008.1.2.4.91': compressed('JPEG 2000'),
  '1.2.840.10008.1.2.4.100': compressed('MPEG-2 video'),
  '1.2.840.10008.1.2.4.101': compressed('MPEG-2 video'),
  '1.2.840.10008.1.2.4.102': compressed('MPEG-4 video'),
  '1.2.840.10008.1.2.4.103': compressed('MPEG-4 video'),
  '1.2.840.10008.1.2.4.201': compressed('HTJ2K Lossless'),
  '1.2.840.10008.1.2.4.202': compressed('HTJ2K Lossless RPCL'),
  '1.2.840.10008.1.2.4.203': compressed('HTJ2K'),
};

/** An unknown one is refused by its number; all that came after the first are in Explicit VR Little Endian. */
export function transferSyntax(uid: string): TransferSyntax {
  return known[uid] ?? compressed(uid);
}
