/** Modules that an adapter's configuration targets, but its file has no pair for. */
import type { AdapterConfig, ModuleRules } from './config.ts';

/** Names of the parts of a model before canonicalName, by the name of its decoder. */
const VISION_OF: ReadonlyMap<string, string> = new Map([
  ['model.language_model.', 'model.vision_tower.vision_model.'],
  ['language_model.model.', 'vision_tower.vision_model.'],
]);
const HEAD_OF: ReadonlyMap<string, string> = new Map([['language_model.model.', 'language_model.lm_head']]);

const DECODER = 'model.';
const VISION = 'vision_tower.vision_model.';
const LINEAR = /\.(?:[qkvo]_proj|out_proj|gate_proj|up_proj|down_proj|fc[12])$/u;

/**
 * @param found full name of each module with a pair, by canonical parameter
 * @param shapes parameters of the model
 * @returns full names, in the style of the file's own; empty where `target_modules` is not given
 */
export function missingModules(
  config: AdapterConfig,
  { isTarget }: ModuleRules,
  found: ReadonlyMap<string, string>,
  shapes: ReadonlyMap<string, readonly number[]>,
): string[] {
  if (!config.targetModules && !config.isAllLinear) return [];
  const decoder = prefixOf(found, DECODER);
  // Nothing is known of the other names of a model whose decoder has no pair.
  if (decoder === undefined) return [];
  const vision = prefixOf(found, VISION) ?? VISION_OF.get(decoder);
  const missing: string[] = [];
  for (const [parameter, shape] of shapes) {
    if (shape.length < 2 || !parameter.endsWith('.weight') || found.has(parameter)) continue;
    const canonical = parameter.slice(0, -'.weight'.length);
    const module = nameOf(canonical, decoder, vision);
    if (module === undefined || (config.isAllLinear && !LINEAR.test(module))) continue;
    if (isTarget(module)) missing.push(module);
  }
  return missing;
}

function nameOf(canonical: string, decoder: string, vision: string | undefined): string | undefined {
  if (canonical === 'lm_head') return HEAD_OF.get(decoder) ?? canonical;
  if (canonical.startsWith(DECODER)) return decoder + canonical.slice(DECODER.length);
  // A model that was trained without its vision tower has no such names.
  return vision === undefined ? undefined : vision + canonical.slice(VISION.length);
}

/** What stands before the rest of the canonical name. */
function prefixOf(found: ReadonlyMap<string, string>, canonical: string): string | undefined {
  for (const [parameter, module] of found) {
    if (!parameter.startsWith(canonical)) continue;
    const rest = parameter.slice(canonical.length, -'.weight'.length);
    if (module.endsWith(rest)) return module.slice(0, module.length - rest.length);
  }
  return undefined;
}
