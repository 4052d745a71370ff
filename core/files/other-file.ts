/** Refuses a file of another kind than was meant. The one failure for it on the page, and the one sentence on the command line. */
import { FailureError } from '../failure.ts';
import { isJsonObject } from '../json.ts';
import { kindOf, kindOfStart } from './kind.ts';
import { kindOfJson } from './json-kind.ts';
import { ACCEPTED, type FileKind, type Recognised, type Wanted } from './kinds.ts';
import { isAnswer, KIND_NAMES, nextStep, WANTED_NAMES } from './words.ts';

interface OtherFileOptions extends ErrorOptions {
  /** A step that is known better than by the kind alone. */
  next?: string;
}

/** The failure `other-file`. The message names the file, its kind and the next step, for the command line. */
export class OtherFileError extends FailureError {
  constructor(
    file: string,
    { kind, reason }: Recognised,
    wanted: Wanted,
    { next = nextStep(kind, wanted), ...options }: OtherFileOptions = {},
  ) {
    // Commands are shown as they are; the words of a server too.
    const shown = reason ?? (isFolder(wanted) && !isAnswer(kind) ? next : undefined);
    super('other-file', { file, kind, wanted, ...(shown !== undefined && { reason: shown }) }, options);
    this.name = 'OtherFileError';
    this.message = `${file} is ${kindText({ kind, reason })}, not ${WANTED_NAMES[wanted]}; ${next}`;
  }
}

/** The kind in English, with the words of a server that refused. */
export function kindText({ kind, reason }: Recognised): string {
  return reason === undefined ? KIND_NAMES[kind] : `${KIND_NAMES[kind]}: “${reason}”`;
}

/** @param bytes of a file, or its first `KIND_BYTES` @throws OtherFileError if it is of a known kind that is not taken here */
export function refuseOther(bytes: Uint8Array, file: string, wanted: Wanted): void {
  refuse(kindOf(bytes), file, wanted);
}

/** As `refuseOther` for a decoded text. */
export function refuseOtherText(start: string, file: string, wanted: Wanted): void {
  refuse(kindOfStart(start), file, wanted);
}

/** As `refuseOther` for JSON that was parsed whole. Objects of no known kind are the reader's to refuse. */
export function refuseOtherJson(json: unknown, file: string, wanted: Wanted): void {
  const found = isJsonObject(json) ? kindOfJson(json) : undefined;
  if (found?.kind !== 'json') refuse(found, file, wanted);
}

function refuse(found: Recognised | undefined, file: string, wanted: Wanted): void {
  if (found && !accepts(wanted, found.kind)) throw new OtherFileError(file, found, wanted);
}

export function accepts(wanted: Wanted, kind: FileKind): boolean {
  return ACCEPTED[wanted].includes(kind);
}

function isFolder(wanted: Wanted): boolean {
  return wanted === 'checkpoint' || wanted === 'package' || wanted === 'adapter';
}
