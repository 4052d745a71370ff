/**
 * Names what was given in place of a checkpoint, a model package or an adapter, by the names of its files, and says what to run
 * next. One place for the command lines and the page; what a file holds is told by its first bytes (kind.ts).
 */
import { kindOf } from './kind.ts';
import type { FileKind, FolderWanted, Recognised } from './kinds.ts';
import { accepts, kindText, OtherFileError } from './other-file.ts';
import { printable } from '../printable.ts';
import { nextStep } from './words.ts';

/** What was given in place of a folder. */
export interface OtherKind extends Recognised {
  /** The file or folder that shows it. */
  file: string;
  /** What to run or to open instead, in English. */
  next: string;
}

/** Tried on each path, relative to the folder, in this order: a folder may hold files of several. */
const KINDS: readonly (readonly [kind: FileKind, pattern: RegExp])[] = [
  ['package', /^(?:onnx\/)?[^/]*\.onnx(?:_data.*)?$/u],
  ['mlxAdapter', /^(?:\d+_)?adapters\.(?:safetensors|npz)$/u],
  ['pickleAdapter', /^adapter_model\.(?:bin|pt)$/u],
  ['ggufAdapter', /(?:^|[-_.])(?:lora|adapter)[^/]*\.gguf$/iu],
  ['adapter', /^adapter_(?:config\.json|model\.safetensors)$/u],
  ['checkpoint', /^model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?$/u],
  ['gguf', /\.gguf$/iu],
  ['mlx', /^weights(?:\.\d+)?\.(?:npz|safetensors)$/u],
  ['consolidated', /^consolidated[^/]*\.(?:pth|pt|safetensors)$/u],
  ['pickle', /^(?:pytorch_model[^/]*\.bin(?:\.index\.json)?|[^/]*\.(?:pth|pt|ckpt))$/u],
  ['tensorflow', /\.(?:h5|msgpack|keras|orbax)$|^saved_model\.pb$|_CHECKPOINT_METADATA$/u],
  ['litert', /\.(?:task|tflite|litertlm)$/u],
  ['openvino', /^openvino_[^/]*\.(?:xml|bin)$/u],
  ['zip', /\.zip$/iu],
  ['archive', /\.(?:tar|tgz|tar\.\w+|7z|rar)$/iu],
  ['unnamedSafetensors', /^[^/]*\.safetensors$/u],
];

/**
 * @param paths of the files in a folder, relative to it, with "/"; or the name of one file
 * @returns undefined if the files are those wanted, or nothing is known of them
 */
export function otherKind(wanted: FolderWanted, paths: readonly string[]): OtherKind | undefined {
  const snapshot = snapshotOf(paths);
  if (snapshot !== undefined) return { kind: 'hubCache', file: snapshot, next: `name the snapshot in it: ${snapshot}` };
  for (const [kind, pattern] of KINDS) {
    const file = paths.find((path) => pattern.test(path));
    if (file === undefined) continue;
    return accepts(wanted, kind) ? undefined : { kind, file, next: nextStep(kind, wanted) };
  }
  return nested(wanted, paths);
}

const WANTED_TEXT: Record<FolderWanted, string> = {
  checkpoint: '--checkpoint names a folder with config.json and safetensors',
  package: '--package names what "npm run export" wrote',
  adapter: "an adapter is the folder that PEFT's save_pretrained writes",
};

/** What a folder of another kind is asked for, as a message goes on. */
export function wantedText(wanted: FolderWanted): string {
  return WANTED_TEXT[wanted];
}

/**
 * Says that a file is missing, what the folder holds instead, and what to do.
 * @param paths of its files; empty where they are not known or there are none
 * @param head reads the first `KIND_BYTES` of a file
 */
export async function explainMissingAmong(
  wanted: FolderWanted,
  folder: string,
  file: string,
  paths: readonly string[],
  head: (path: string) => Promise<Uint8Array>,
): Promise<string> {
  const missing = `${printable(file)} is missing in ${printable(folder)}`;
  const kind = otherKind(wanted, paths) ?? (await kindAmong(wanted, paths, head));
  return kind ? `${missing}; ${otherKindText(kind)}` : `${missing}; ${wantedText(wanted)}`;
}

/** Files that are looked into: a folder may have thousands. */
const MAX_LOOKED_AT = 20;

/**
 * As `otherKind` for files whose names say nothing, by their content.
 * @param head reads the first `KIND_BYTES` of a file
 * @returns undefined if nothing is known of them, or one of them may belong to what is wanted
 */
export async function kindAmong(
  wanted: FolderWanted,
  paths: readonly string[],
  head: (path: string) => Promise<Uint8Array>,
): Promise<OtherKind | undefined> {
  let first: OtherKind | undefined;
  for (const file of paths.slice(0, MAX_LOOKED_AT)) {
    const found = kindOf(await head(file));
    if (!found) continue;
    if (isPartOfModel(found.kind)) return undefined;
    first ??= { ...found, file, next: nextStep(found.kind, wanted) };
  }
  return first;
}

/** Kinds that a checkpoint, a package or an adapter holds beside what is missing. */
export function isPartOfModel(kind: FileKind): boolean {
  return kind === 'safetensors' || kind === 'sentencepieceModel' || accepts('json', kind);
}

/** The message of an OtherKind after the name of the folder. */
export function otherKindText({ file, next, ...found }: OtherKind): string {
  return `this is ${kindText(found)} (${file}); ${next}`;
}

/** The failure that the page shows. */
export function otherKindFailure(wanted: FolderWanted, { file, next, ...found }: OtherKind): OtherFileError {
  return new OtherFileError(file, found, wanted, { next });
}

/** The snapshot with a config.json in a cache folder, or in one of its models; else the first. */
function snapshotOf(paths: readonly string[]): string | undefined {
  const found = paths.flatMap((path) => {
    const [, snapshot] = /^((?:.*\/)?(?:models--[^/]+\/)?snapshots\/[^/]+)(?:\/|$)/u.exec(path) ?? [];
    return snapshot === undefined ? [] : [snapshot];
  });
  return found.find((snapshot) => paths.includes(`${snapshot}/config.json`)) ?? found[0];
}

/** Files by which a folder is known, the surest first. */
const MAIN_FILES: Record<FolderWanted, readonly string[]> = {
  checkpoint: ['config.json'],
  package: ['manifest.json', 'config.json'],
  adapter: ['adapter_config.json'],
};

/** A folder around the one that was meant. */
function nested(wanted: FolderWanted, paths: readonly string[]): OtherKind | undefined {
  for (const file of MAIN_FILES[wanted]) {
    const inside = paths.find((path) => path.endsWith(`/${file}`));
    if (inside === undefined) continue;
    const folder = inside.slice(0, -file.length - 1);
    return { kind: 'folder', file: inside, next: `name the folder in it: ${folder}` };
  }
  return undefined;
}
