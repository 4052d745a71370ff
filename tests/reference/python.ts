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
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return JSON.parse(output.toString('utf8'));
}

/** Ids, ends (in code points) and decoded text of each of `texts`, by Hugging Face tokenizers (Rust). */
export interface RustEncoding {
  ids: number[];
  ends: number[];
  decoded: string;
}

const ENCODE = `
import json, sys
from tokenizers import Tokenizer
given = json.load(sys.stdin)
tokenizer = Tokenizer.from_file(given['path']) if 'path' in given else Tokenizer.from_str(given['json'])
tokenizer.no_truncation()
result = []
for text in given['texts']:
    encoding = tokenizer.encode(text, add_special_tokens=False)
    result.append({
        'ids': encoding.ids,
        'ends': [end for _, end in encoding.offsets],
        'decoded': tokenizer.decode(encoding.ids, skip_special_tokens=False),
    })
print(json.dumps(result))
`;

export function rustEncode(tokenizer: { path: string } | { json: string }, texts: readonly string[]): RustEncoding[] {
  return runPython(ENCODE, { ...tokenizer, texts }) as RustEncoding[];
}
