/** Asks for the terms of use of a package before anything large of it is fetched. */
import { FailureError } from '#core/failure.ts';
import { MANIFEST, parseManifest } from '#core/protocol/manifest.ts';
import { isMedGemma } from '#core/terms/hai-def.ts';
import { readJson, type PackageReader } from '../../store/reader.ts';

/** Reads manifest.json and config.json. @throws FailureError `terms-not-accepted` for MedGemma, and as `readJson` */
export async function refuseUnacceptedTerms(reader: PackageReader): Promise<void> {
  const { name } = reader;
  const manifest = (await reader.has(MANIFEST)) ? parseManifest(await readJson(reader, MANIFEST)) : undefined;
  const config = nameOrPath(await readJson(reader, 'config.json'));
  if (isMedGemma({ name, config, manifest }))
    throw new FailureError('terms-not-accepted', { name: manifest?.name ?? name });
}

/** Of the checkpoint, as transformers writes it. */
function nameOrPath(config: unknown): string | undefined {
  if (typeof config !== 'object' || config === null || !('_name_or_path' in config)) return undefined;
  return typeof config._name_or_path === 'string' ? config._name_or_path : undefined;
}
