/** What a DICOM file says about its pixels (PS3.3, C.7.6.3). */
import { ImageError } from '../image/image-error.ts';
import { MAX_PIXELS } from '../image/read-png.ts';
import type { DataSet, NumberType } from './data-set.ts';
import type { DicomFile } from './file.ts';
import { readLut, type LookupTable } from './lookup-table.ts';
import { GROUP_OF, IDENTIFYING, TAG } from './tags.ts';

export type Photometric = 'MONOCHROME1' | 'MONOCHROME2' | 'RGB' | 'PALETTE COLOR' | 'YBR_FULL' | 'YBR_FULL_422';

const photometrics: readonly string[] = [
  'MONOCHROME1',
  'MONOCHROME2',
  'RGB',
  'PALETTE COLOR',
  'YBR_FULL',
  'YBR_FULL_422',
] satisfies Photometric[];

export interface DicomImage {
  file: DicomFile;
  rows: number;
  columns: number;
  frames: number;
  samples: 1 | 3;
  /** True where the colours lie plane after plane. */
  planar: boolean;
  photometric: Photometric;
  bitsAllocated: 8 | 16 | 32;
  bitsStored: number;
  highBit: number;
  signed: boolean;
  /** Stored values that are no part of the picture, lowest and highest. */
  padding: readonly [number, number] | undefined;
  modalityLut: LookupTable | undefined;
  modality: string;
  description: string;
  seriesUid: string;
  seriesNumber: number | undefined;
  instanceNumber: number | undefined;
  /** Keywords of the filled elements that may tell who the patient is. */
  identifying: readonly string[];
  /** Whether the picture itself holds identifying text, as the file says. */
  burnedIn: 'yes' | 'no' | 'unknown';
  /** True where the file has drawings that lie over the picture; they are not drawn here. */
  hasOverlay: boolean;
}

/** @throws ImageError for a file without pictures, or of a form that is not read */
export function readImage(file: DicomFile): DicomImage {
  const { dataSet } = file;
  const whole = (tag: number) => dataSet.number(tag, 'US');
  if (dataSet.has(TAG.FloatPixelData) || dataSet.has(TAG.DoubleFloatPixelData))
    throw new ImageError('its pixels are floating-point numbers, which are not read');
  if (!dataSet.has(TAG.PixelData)) throw new ImageError('it has no picture (a report, a structure or a directory)');
  const rows = whole(TAG.Rows) ?? 0;
  const columns = whole(TAG.Columns) ?? 0;
  if (rows === 0 || columns === 0) throw new ImageError('it has no pixels');
  const samples = whole(TAG.SamplesPerPixel) ?? 1;
  const bitsAllocated = whole(TAG.BitsAllocated) ?? 0;
  const bitsStored = whole(TAG.BitsStored) ?? bitsAllocated;
  const highBit = whole(TAG.HighBit) ?? bitsStored - 1;
  const photometric = dataSet.text(TAG.PhotometricInterpretation);
  const signed = whole(TAG.PixelRepresentation) === 1;
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32)
    throw new ImageError(`${bitsAllocated} bits a pixel are not read`);
  if (bitsStored < 1 || highBit >= bitsAllocated || bitsStored > highBit + 1)
    throw new ImageError(`${bitsStored} bits up to bit ${highBit} do not fit into ${bitsAllocated}`);
  if (!isPhotometric(photometric)) throw new ImageError(`pixels of the kind "${photometric}" are not read`);
  const isColour = photometric === 'RGB' || photometric.startsWith('YBR');
  if (samples !== (isColour ? 3 : 1) || (isColour && bitsAllocated === 32))
    throw new ImageError(`${samples} samples of ${bitsAllocated} bits are no ${photometric}`);
  if (dataSet.has(TAG.RedPaletteSegmented) && photometric === 'PALETTE COLOR' && !dataSet.has(TAG.RedPaletteData))
    throw new ImageError('segmented palettes are not read');
  const frames = dataSet.number(TAG.NumberOfFrames, 'IS') ?? 1;
  if (!Number.isInteger(frames) || frames < 1) throw new ImageError('it has no frames');
  if (rows * columns > MAX_PIXELS) throw new ImageError(`${columns} × ${rows} pixels, more than ${MAX_PIXELS}`);
  const [modalityLut] = dataSet.items(TAG.ModalityLUTSequence);
  const burnedIn = dataSet.text(TAG.BurnedInAnnotation);
  return {
    ...{ file, rows, columns, frames, photometric, bitsAllocated, bitsStored, highBit, signed },
    samples: isColour ? 3 : 1,
    planar: whole(TAG.PlanarConfiguration) === 1,
    padding: paddingOf(dataSet, signed),
    modalityLut: modalityLut && readLut(modalityLut, TAG.LUTDescriptor, TAG.LUTData, signed),
    modality: dataSet.text(TAG.Modality),
    description: dataSet.text(TAG.SeriesDescription),
    seriesUid: dataSet.text(TAG.SeriesInstanceUID),
    seriesNumber: dataSet.number(TAG.SeriesNumber, 'IS'),
    instanceNumber: dataSet.number(TAG.InstanceNumber, 'IS'),
    identifying: Object.keys(IDENTIFYING).filter((keyword) => dataSet.isFilled(IDENTIFYING[keyword] ?? 0)),
    burnedIn: burnedIn === 'YES' ? 'yes' : burnedIn === 'NO' ? 'no' : 'unknown',
    hasOverlay: dataSet.has(TAG.OverlayData),
  };
}

function isPhotometric(text: string): text is Photometric {
  return photometrics.includes(text);
}

function paddingOf(dataSet: DataSet, signed: boolean): readonly [number, number] | undefined {
  const type: NumberType = signed ? 'SS' : 'US';
  const value = dataSet.number(TAG.PixelPaddingValue, type);
  if (value === undefined) return undefined;
  const limit = dataSet.number(TAG.PixelPaddingRangeLimit, type) ?? value;
  return [Math.min(value, limit), Math.max(value, limit)];
}

/** Where an element of a frame stands: at the top, or in the functional groups of an enhanced image. */
export function holderOf({ file: { dataSet } }: DicomImage, frame: number, tag: number): DataSet {
  if (dataSet.has(tag)) return dataSet;
  const group = GROUP_OF[tag];
  if (group === undefined) return dataSet;
  const own = dataSet.items(TAG.PerFrameFunctionalGroups)[frame];
  const [shared] = dataSet.items(TAG.SharedFunctionalGroups);
  for (const groups of [own, shared]) {
    const [holder] = groups?.items(group) ?? [];
    if (holder?.has(tag)) return holder;
  }
  return dataSet;
}

/** Slope and intercept from stored values to the modality's unit, in CT Hounsfield units; undefined where the file tells none. */
export function rescaleOf(image: DicomImage, frame: number): { slope: number; intercept: number } | undefined {
  const value = (tag: number) => holderOf(image, frame, tag).number(tag, 'DS');
  const slope = value(TAG.RescaleSlope);
  const intercept = value(TAG.RescaleIntercept);
  if (slope === undefined && intercept === undefined) return undefined;
  // A slope of 0 would make one grey of everything: it is an unset field.
  return { slope: slope || 1, intercept: intercept ?? 0 };
}

/** True where values are Hounsfield units. */
export function isHounsfield(image: DicomImage): boolean {
  const type = holderOf(image, 0, TAG.RescaleType).text(TAG.RescaleType);
  return image.modality === 'CT' && image.samples === 1 && rescaleOf(image, 0) !== undefined && /^(HU)?$/.test(type);
}
