/** Image files as parts of the question. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ContentPart } from '#core/chat/message.ts';
import { FailureError } from '#core/failure.ts';
import { kindOf } from '#core/files/kind.ts';
import { DicomFiles } from '../../workers/image/dicom.ts';
import { CommandError, onFile } from '../shared/errors.ts';
import { decodeImageInNode } from '../shared/runtime/decode-image.ts';

type ImagePart = Extract<ContentPart, { type: 'image' }>;

/**
 * A slice of DICOM becomes a PNG of its first window; other files go on as they are and are decoded when they are encoded.
 * @param note told what should be known of the file
 * @throws FailureError `image-unreadable`, `image-kind`, `dicom-compressed`, CommandError for DICOM of several slices
 */
export async function imagePart(path: string, note: (text: string) => void, signal: AbortSignal): Promise<ImagePart> {
  const bytes = await onFile(path, readFile(path));
  const name = basename(path);
  const file = new Blob([bytes]);
  if (kindOf(bytes)?.kind === 'dicom')
    return { type: 'image', name, image: await dicomImage(file, name, note, signal) };
  // A file that cannot be decoded is named before gigabytes of weights are read.
  const decoded = await decodeImageInNode(file, name);
  decoded.close();
  return { type: 'image', name, image: file };
}

async function dicomImage(file: Blob, name: string, note: (text: string) => void, signal: AbortSignal): Promise<Blob> {
  const dicom = new DicomFiles(decodeImageInNode);
  const { series, refused } = await dicom.open([{ name, file }], () => undefined, signal);
  const [refusal] = refused;
  if (refusal) throw new FailureError(refusal.failure.code, refusal.failure.detail);
  const slices = series[0]?.slices ?? 0;
  if (slices !== 1)
    throw new CommandError(
      `${name} holds ${slices} slices; open it in the page, which shows them and sends those you choose`,
    );
  const view = { series: 0, slice: 0, rendering: { type: 'file', index: 0 } } as const;
  const { window, fileVois } = await dicom.show(view);
  if (window) {
    const range = `centre ${window.center}, width ${window.width}`;
    note(
      fileVois.length > 0
        ? `${name} is shown with its first window (${range})`
        : `${name} has no window and is shown from its lowest to its highest value (${range})`,
    );
  }
  if (series[0]?.hasOverlay) note(`${name} has overlays, which are not drawn`);
  return dicom.save(view);
}
