/** Names the format of a file by its first bytes, where a safetensors file or a tokenizer.json was expected. */

const FORMATS: readonly (readonly [start: readonly number[] | string, format: string, next: string])[] = [
  ['GGUF', 'GGUF (llama.cpp)', 'get the checkpoint that it was made from: safetensors and tokenizer.json'],
  [
    'PK\u0003\u0004',
    'a zip archive or a PyTorch pickle (.bin, .pt)',
    'unpack it, or save the model as safetensors with save_pretrained',
  ],
  [[0x80, 0x02], 'a PyTorch pickle (.bin, .pt)', 'save it as safetensors with save_pretrained'],
  [[0x89, 0x48, 0x44, 0x46], 'HDF5 (Keras, TensorFlow)', 'get the model in safetensors'],
  [[0x93, 0x4e, 0x55, 0x4d], 'a NumPy array', 'get the model in safetensors'],
  [[0x1f, 0x8b], 'a gzip archive', 'unpack it'],
  ['<!', 'a web page', 'download the file itself: a page that asks for a log-in or a licence was saved in its place'],
  [
    '<html',
    'a web page',
    'download the file itself: a page that asks for a log-in or a licence was saved in its place',
  ],
  ['{"error', 'an error message of a server', 'download the file again; a gated model needs a log-in (hf auth login)'],
  [
    'Access to model',
    'an error message of a server',
    'accept the licence of the model, log in (hf auth login) and download again',
  ],
];

/** @param start the first bytes, up to 16 are looked at @returns the format and what to do; undefined where it is not known */
export function otherFormatOf(start: Uint8Array): string | undefined {
  const found = FORMATS.find(([magic]) => {
    const bytes = typeof magic === 'string' ? new TextEncoder().encode(magic) : magic;
    return start.length >= bytes.length && [...bytes].every((byte, at) => start[at] === byte);
  });
  return found && `${found[1]}; ${found[2]}`;
}
