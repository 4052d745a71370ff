/**
 * Names what was given in place of a checkpoint, a model package or an adapter, by the names of its files, and says what to run
 * next. One place for the command lines and the page; what a file holds is told by its first bytes (magic.ts).
 */
import { FailureError } from '../failure.ts';
import { EXPORT_WITH_ADAPTER, FUSE_WITH_MLX } from '../lora/next-steps.ts';

export type Wanted = 'checkpoint' | 'package' | 'adapter';

export type KindName =
  | 'package'
  | 'mlxAdapter'
  | 'pickleAdapter'
  | 'ggufAdapter'
  | 'adapter'
  | 'checkpoint'
  | 'gguf'
  | 'mlx'
  | 'consolidated'
  | 'pickle'
  | 'tensorflow'
  | 'litert'
  | 'openvino'
  | 'archive'
  | 'safetensors'
  | 'hubCache'
  | 'folder';

export interface OtherKind {
  /** For the page's messages. */
  kind: KindName;
  /** The format in English, as its users call it. */
  format: string;
  /** The file or folder that shows it. */
  file: string;
  /** What to run or to open instead. */
  next: string;
}

const DOWNLOAD = 'hf download google/medgemma-4b-it --local-dir medgemma-4b-it';
const EXPORT = 'npm run export -- --checkpoint CHECKPOINT --dtype q4 --out PACKAGE';
const GET_SAFETENSORS = `get the safetensors checkpoint that it was made from (${DOWNLOAD}), then ${EXPORT}`;
const SAVE_AS_SAFETENSORS =
  'save it as safetensors: python -c "from transformers import AutoModelForImageTextToText as M; ' +
  `M.from_pretrained('FOLDER').save_pretrained('converted')", then ${EXPORT.replace('CHECKPOINT', 'converted')}`;
const CONVERT_ADAPTER =
  'convert it: python -c "import torch; from safetensors.torch import save_file; ' +
  "save_file({k: v.contiguous() for k, v in torch.load('adapter_model.bin', map_location='cpu', weights_only=True).items()}, 'adapter_model.safetensors')\"";

interface Kind {
  kind: KindName;
  format: string;
  /** Tried on each path, relative to the folder. */
  pattern: RegExp;
  /** Undefined: this is what was wanted. */
  next: (wanted: Wanted) => string | undefined;
}

/** In the order in which they are looked for: a folder may hold files of several. */
const KINDS: readonly Kind[] = [
  {
    kind: 'package',
    format: 'a model package (ONNX)',
    pattern: /^(?:onnx\/)?[^/]*\.onnx(?:_data.*)?$/u,
    next: (wanted) =>
      wanted === 'package'
        ? undefined
        : 'open it in the page as it is; to export another, name the checkpoint that it was made from',
  },
  {
    kind: 'mlxAdapter',
    format: 'an MLX adapter (mlx-lm)',
    pattern: /^(?:\d+_)?adapters\.(?:safetensors|npz)$/u,
    next: () => FUSE_WITH_MLX,
  },
  {
    kind: 'pickleAdapter',
    format: 'a LoRA adapter of PEFT saved as a PyTorch pickle',
    pattern: /^adapter_model\.(?:bin|pt)$/u,
    next: () => CONVERT_ADAPTER,
  },
  {
    kind: 'ggufAdapter',
    format: 'a LoRA adapter in GGUF (llama.cpp)',
    pattern: /(?:^|[-_.])(?:lora|adapter)[^/]*\.gguf$/iu,
    next: () => 'get the adapter that it was made from, in PEFT’s safetensors',
  },
  {
    kind: 'adapter',
    format: 'a LoRA adapter (PEFT)',
    pattern: /^adapter_(?:config\.json|model\.safetensors)$/u,
    next: (wanted) => (wanted === 'adapter' ? undefined : EXPORT_WITH_ADAPTER),
  },
  {
    kind: 'checkpoint',
    format: 'a checkpoint in safetensors (Hugging Face)',
    pattern: /^model(?:-\d+-of-\d+)?\.safetensors(?:\.index\.json)?$/u,
    next: (wanted) =>
      wanted === 'checkpoint'
        ? undefined
        : wanted === 'package'
          ? `make a package of it: ${EXPORT}`
          : `a whole model is no adapter; export it as it is: ${EXPORT}`,
  },
  { kind: 'gguf', format: 'GGUF (llama.cpp)', pattern: /\.gguf$/iu, next: () => GET_SAFETENSORS },
  {
    kind: 'mlx',
    format: 'MLX weights',
    pattern: /^weights(?:\.\d+)?\.(?:npz|safetensors)$/u,
    next: () => GET_SAFETENSORS,
  },
  {
    kind: 'consolidated',
    format: 'consolidated weights of the original code base',
    pattern: /^consolidated[^/]*\.(?:pth|pt|safetensors)$/u,
    next: () => GET_SAFETENSORS,
  },
  {
    kind: 'pickle',
    format: 'PyTorch pickles (.bin, .pth)',
    pattern: /^(?:pytorch_model[^/]*\.bin(?:\.index\.json)?|[^/]*\.(?:pth|pt|ckpt))$/u,
    next: () => SAVE_AS_SAFETENSORS,
  },
  {
    kind: 'tensorflow',
    format: 'TensorFlow or Flax weights',
    pattern: /\.(?:h5|msgpack|keras|orbax)$|^saved_model\.pb$|^checkpoint\/|_CHECKPOINT_METADATA$|\.tf_model/u,
    next: () => GET_SAFETENSORS,
  },
  {
    kind: 'litert',
    format: 'a model for LiteRT or MediaPipe',
    pattern: /\.(?:task|tflite|litertlm)$/u,
    next: () => GET_SAFETENSORS,
  },
  {
    kind: 'openvino',
    format: 'an OpenVINO model',
    pattern: /^openvino_[^/]*\.(?:xml|bin)$/u,
    next: () => GET_SAFETENSORS,
  },
  {
    kind: 'archive',
    format: 'an archive',
    pattern: /\.(?:zip|tar|tgz|tar\.\w+|7z|rar)$/iu,
    next: () => 'unpack it and name the folder inside',
  },
  {
    kind: 'safetensors',
    format: 'safetensors under other names than those of a Hugging Face checkpoint',
    pattern: /^[^/]*\.safetensors$/u,
    next: (wanted) =>
      wanted === 'adapter'
        ? 'an adapter is the folder that PEFT’s save_pretrained writes: adapter_config.json and adapter_model.safetensors'
        : 'a checkpoint has config.json, and model.safetensors or shards with model.safetensors.index.json; save it with transformers’ save_pretrained, or download it whole: hf download OWNER/NAME --local-dir FOLDER',
  },
];

/**
 * @param paths of the files in a folder, relative to it, with "/"; or the name of one file
 * @returns undefined if the files are those wanted, or nothing is known of them
 */
export function otherKind(wanted: Wanted, paths: readonly string[]): OtherKind | undefined {
  const snapshot = snapshotOf(paths);
  if (snapshot !== undefined) {
    return {
      kind: 'hubCache',
      format: "the cache of Hugging Face's hub",
      file: snapshot,
      next: `name the snapshot in it: ${snapshot}`,
    };
  }
  for (const { kind, format, pattern, next } of KINDS) {
    const file = paths.find((path) => pattern.test(path));
    if (file === undefined) continue;
    const step = next(wanted);
    return step === undefined ? undefined : { kind, format, file, next: step };
  }
  return nested(wanted, paths);
}

/** The message of an OtherKind after the name of the folder. */
export function otherKindText({ format, file, next }: Omit<OtherKind, 'kind'>): string {
  return `this is ${format} (${file}); ${next}`;
}

/** The failure that the page shows. */
export function otherKindFailure({ kind, file, next }: OtherKind): FailureError {
  return new FailureError('other-format', { kind, file, reason: next });
}

/** The snapshot with a config.json in a cache folder, or in one of its models; else the first. */
function snapshotOf(paths: readonly string[]): string | undefined {
  const found = paths.flatMap((path) => {
    const [, snapshot] = /^((?:.*\/)?(?:models--[^/]+\/)?snapshots\/[^/]+)(?:\/|$)/u.exec(path) ?? [];
    return snapshot === undefined ? [] : [snapshot];
  });
  return found.find((snapshot) => paths.includes(`${snapshot}/config.json`)) ?? found[0];
}

const MAIN_FILE: Record<Wanted, string> = {
  checkpoint: 'config.json',
  package: 'config.json',
  adapter: 'adapter_config.json',
};

/** A folder around the one that was meant. */
function nested(wanted: Wanted, paths: readonly string[]): OtherKind | undefined {
  const inside = paths.find((path) => path.endsWith(`/${MAIN_FILE[wanted]}`));
  if (inside === undefined) return undefined;
  const folder = inside.slice(0, -MAIN_FILE[wanted].length - 1);
  return {
    kind: 'folder',
    format: `a folder around the ${wanted}`,
    file: inside,
    next: `name the folder in it: ${folder}`,
  };
}
