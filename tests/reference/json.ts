import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonFile } from '#core/gemma3/checkpoint.ts';
import type { Json } from '#core/json.ts';

/** A file that holds a JSON object. */
export async function readJson(folder: string, file: string): Promise<Json> {
  return parseJsonFile(file, await readFile(join(folder, file), 'utf8'));
}
