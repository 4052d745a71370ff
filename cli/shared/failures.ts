/** Failures of the engine as a person reads them on the command line; src/messages has the page's words. */
import { FailureError } from '#core/failure.ts';
import { otherKind, otherKindText } from '#core/files/folder-kind.ts';
import { FILE_KINDS } from '#core/files/kinds.ts';
import { OtherFileError, kindText } from '#core/files/other-file.ts';
import { nextStep } from '#core/files/words.ts';
import { printable } from '#core/printable.ts';
import { CommandError } from './errors.ts';
import type { FolderReader } from './folder-reader.ts';

/**
 * Awaits work on a model package. @throws CommandError in place of a FailureError: it names the folder or the image, what is wrong, and
 * the next step
 */
export async function explainingFailures<T>(reader: FolderReader, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof FailureError)) throw cause;
    throw new CommandError(explain(reader, cause), { cause });
  }
}

function explain(reader: FolderReader, failure: FailureError): string {
  const { code, detail } = failure;
  const text = (key: string) => printable(String(detail[key] ?? ''));
  switch (code) {
    case 'image-unreadable':
      return `${text('name')} cannot be decoded: ${text('reason')}; ${nextStep('png', 'image')}`;
    case 'image-kind':
      return `${text('name')} is ${imageKind(detail['kind'])}`;
    case 'dicom-compressed':
      return `${text('name')} is DICOM in ${text('syntax')}, which is not decoded; export it uncompressed, or as PNG`;
    case 'no-vision':
      return `${reader.folder} has no vision encoder; leave out --image, or name a package of a model that sees images`;
    case 'context-full':
      return contextFull(detail);
    default:
      return `${reader.folder}: ${explainPackage(reader, failure)}`;
  }
}

function imageKind(found: string | number | undefined): string {
  const kind = FILE_KINDS.find((known) => known === found);
  if (kind === undefined) return `of an unknown kind; ${nextStep('png', 'image')}`;
  return `${kindText({ kind })}, which is not opened as an image; ${nextStep(kind, 'image')}`;
}

function contextFull({ needed = 0, limit = 0, perImage }: FailureError['detail']): string {
  const images = perImage === undefined ? '' : `, ${perImage} for each image`;
  return `the prompt and one token of the answer take ${needed} positions${images}, and the context has ${limit}; give a larger --context (the package may have to be exported with one), or a shorter prompt`;
}

/** What is wrong with the package; follows the name of its folder. */
function explainPackage(reader: FolderReader, failure: FailureError): string {
  const { code, detail } = failure;
  const [file, reason] = [printable(String(detail['file'] ?? '')), printable(String(detail['reason'] ?? ''))];
  if (failure instanceof OtherFileError) {
    const kind = otherKind('package', reader.list());
    return kind ? otherKindText(kind) : failure.message;
  }
  switch (code) {
    case 'file-missing':
      return `it has no ${file}; write the package anew with "npm run export"`;
    case 'file-broken':
      return `${file} is broken: ${reason}`;
    case 'too-large':
      return `${file} has ${detail['bytes']} bytes; no more than ${detail['limit']} are read of such a file; write the package anew with "npm run export"`;
    case 'runtime':
      return `${file || 'ONNX Runtime'} fails (${reason}); write the package anew with "npm run export"`;
    case 'no-lora-branches':
      return `the nodes of ${file} do not have the names of projections, so no adapter can be applied; merge the adapter: npm run export -- --checkpoint CHECKPOINT --adapter ADAPTER`;
    default:
      return `${file} cannot be used: ${reason}`;
  }
}
