import { execFileSync, spawnSync } from 'node:child_process';

const PYTHON = process.env['PYTHON'] ?? 'python3';

/** Whether the Python that PYTHON names (`python3` without it) has this package. Tests that need it are skipped otherwise. */
export function pythonHas(name: string): boolean {
  return spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;
}

/** What a Python program prints as JSON when it is given `input` as JSON. */
export function runPython(program: string, input: unknown): unknown {
  const output = execFileSync(PYTHON, ['-c', program], {
    input: JSON.stringify(input),
    maxBuffer: 1 << 30,
    timeout: 120_000,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return JSON.parse(output.toString('utf8'));
}

/** What Hugging Face tokenizers (Rust) makes of a text; ends in code points. */
export interface RustEncoding {
  ids: number[];
  ends: number[];
  decoded: string;
}

const ENCODE = `
import json, sys
from tokenizers import Tokenizer
result = []
for given in json.load(sys.stdin):
    tokenizer = Tokenizer.from_file(given['path']) if 'path' in given else Tokenizer.from_str(given['json'])
    encodings = []
    for text in given['texts']:
        try:
            encoding = tokenizer.encode(text, add_special_tokens=False)
            encodings.append({
                'ids': encoding.ids,
                'ends': [end for _, end in encoding.offsets],
                'decoded': tokenizer.decode(encoding.ids, skip_special_tokens=False),
            })
        except BaseException:  # A panic in Rust is no Exception.
            encodings.append(None)
    result.append(encodings)
print(json.dumps(result))
`;

/** Null for a text on which the library breaks off. */
export function rustEncode(
  jobs: readonly ({ texts: readonly string[] } & ({ path: string } | { json: string }))[],
): (RustEncoding | null)[][] {
  return runPython(ENCODE, jobs) as (RustEncoding | null)[][];
}
