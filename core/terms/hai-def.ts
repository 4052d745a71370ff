/** The terms of Google's Health AI Developer Foundations (HAI-DEF), which MedGemma and what is made of it come under. */

export const HAI_DEF = {
  /** "Last modified" of the terms: whoever accepted another version is asked again. */
  version: '2024-11-15',
  address: 'https://developers.google.com/health-ai-developer-foundations/terms',
} as const;

/** What a package says about itself, as far as it is known. */
export interface Named {
  /** Address of the package, or name of its folder. */
  name: string;
  /** `_name_or_path` of config.json. */
  config?: string | undefined;
  /** Of manifest.json. */
  manifest?:
    { name: string; teaches?: string | undefined; source: { checkpoint: string; randomWeights: boolean } } | undefined;
}

const MEDGEMMA = /med-?gemma/iu;

/**
 * Whether a package is MedGemma by its names; a package that was renamed throughout is not known. Weights that were never trained,
 * and the teaching model of this project, are not MedGemma whatever they are called.
 */
export function isMedGemma({ name, config, manifest }: Named): boolean {
  if (manifest?.source.randomWeights || manifest?.teaches) return false;
  return [ownName(name), config, manifest?.name, manifest?.source.checkpoint].some((text) => MEDGEMMA.test(text ?? ''));
}

/** owner/name of a Hugging Face repository; of another address the last folder, since hosts and pages have names too. */
function ownName(address: string): string {
  const repository = /^https:\/\/huggingface\.co\/([^/]+\/[^/]+)/iu.exec(address)?.[1];
  return (
    repository ??
    address
      .split(/[?#]/u, 1)[0]
      ?.split('/')
      .findLast((part) => part !== '') ??
    ''
  );
}
