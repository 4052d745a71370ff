/** The Python of the training kit, where it is installed: the environment variable PYTHON, else python3. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PYTHON = process.env['PYTHON'] ?? 'python3';
const TRAINING = fileURLToPath(new URL('../../../training', import.meta.url));
const NEEDED = ['torch', 'transformers', 'tokenizers', 'numpy', 'peft', 'safetensors'];

/** False where the interpreter or one of its packages is missing. */
export function hasTrainingPython(): boolean {
  const find = `import importlib.util as u, sys; sys.exit(any(u.find_spec(name) is None for name in ${JSON.stringify(NEEDED)}))`;
  return spawnSync(PYTHON, ['-c', find]).status === 0;
}

/** Runs in training/; throws Error with what it wrote where it ends with another status than `status`. */
export function python(args: readonly string[], status = 0): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' };
  return new Promise((resolve, reject) => {
    execFile(PYTHON, args, { cwd: TRAINING, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (code === status) resolve({ stdout, stderr });
      else reject(new Error(`python ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`));
    });
  });
}
