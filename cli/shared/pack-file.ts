/** Packs of Korean vocabularies on disk. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kindOfJson } from '#core/files/json-kind.ts';
import { kindText } from '#core/files/other-file.ts';
import { PackError } from '#core/tokenizer/korean/pack-error.ts';
import { readPack } from '#core/tokenizer/korean/read-pack.ts';
import { RECOMMENDED_PACK, shippedPack } from '#core/tokenizer/korean/shipped-packs.ts';
import { CommandError } from './errors.ts';
import { parseJson, readWholeFile } from './read-file.ts';

/** @throws CommandError that names the file, and what it is in place of a pack, or where the pack is not well formed */
export async function readPackFile(path: string): Promise<{ pack: ReturnType<typeof readPack>; sha256: string }> {
  const { bytes, sha256 } = await readWholeFile(path);
  const json = parseJson(path, bytes);
  const found = kindOfJson(json);
  if (found?.kind !== 'koreanPack') {
    const what = found && found.kind !== 'json' ? kindText(found) : 'other JSON';
    throw new CommandError(`${path} is ${what}, not a Korean pack; name the file that "npm run korean -- train" wrote`);
  }
  return { pack: withFile(path, () => readPack(json)), sha256 };
}

/** @throws CommandError with the name of the file in front of a PackError's message */
export function withFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PackError) throw new CommandError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * The file of a pack: a name of `SHIPPED_PACKS` is the pack in `public/korean`, unless a file of that name lies here.
 * @param given undefined: the recommended pack
 */
export function packPath(given: string | undefined): string {
  const name = given ?? RECOMMENDED_PACK;
  if (!shippedPack(name) || (given !== undefined && existsSync(given))) return name;
  return fileURLToPath(new URL(`../../public/korean/${name}.json`, import.meta.url));
}
