import { isWeightsOf } from '#core/budget/package-fit.ts';
import type { ModelPackage } from './package.ts';

/**
 * Downloads the weights that every opening reads, decoder and vision encoder side by side, before the first is uploaded: the
 * visitor then sees from the beginning how many bytes are to come. Does nothing where files are unknown or a variant is still to
 * be chosen: then each file is downloaded when it is read. The embedding is left out, since the decoder often holds its table.
 */
export async function fetchAhead({ reader, variants, decoder, vision }: ModelPackage): Promise<void> {
  if (variants.length > 1) return;
  const graphs = [decoder, ...(vision ? [vision] : [])].map(({ path }) => path);
  const paths = (reader.list() ?? []).filter((path) => isWeightsOf(path, graphs));
  await Promise.all(paths.map((path) => reader.blob(path)));
}
