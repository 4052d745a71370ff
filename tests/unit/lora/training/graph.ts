/** Training graphs of the fixture's packages, in Node. */
import { trainingGraph, TRAINING_INPUTS } from '#core/gemma3/training-graph.ts';
import type { Gemma3Config } from '#core/gemma3/config.ts';
import { feedsOf, type TokenEmbeddings, type TrainingRow } from '#core/lora/training/batch.ts';
import { loraLayout, type LoraLayout, type LoraSettings } from '#core/lora/training/parameters.ts';
import type { Results } from '#core/lora/training/run-graph.ts';
import { FolderReader } from '../../../../cli/shared/folder-reader.ts';
import { nodeBackend } from '../../../../cli/shared/runtime/node-backend.ts';
import { readPackage } from '../../../../workers/engine/model/package.ts';
import { embedTokens } from '../../../../workers/engine/training/token-table.ts';
import { openGraph, type RunnableGraph } from '../../../../workers/engine/training/graph-session.ts';
import { maskOf, type Golden } from '../../../reference/golden.ts';

export interface OpenedGraph {
  config: Gemma3Config;
  layout: LoraLayout;
  embeddings: TokenEmbeddings;
  graph: RunnableGraph;
  run(rows: readonly TrainingRow[], scale: number, parameters: Float32Array): Promise<Results>;
}

/** @param folder of a package of gemma3-tiny */
export async function openTrainingGraph(
  folder: string,
  settings: LoraSettings,
  withGradients = true,
): Promise<OpenedGraph> {
  const pack = await readPackage(await FolderReader.open(folder, { wanted: 'package', recursive: true }));
  const { config } = pack;
  const layout = loraLayout(config.text, settings);
  const decoder = await pack.decoder.read();
  const model = trainingGraph(decoder, config.text, { layout, positions: 64, withGradients });
  const graph = await openGraph(nodeBackend(), pack, pack.decoder, model);
  const all = Array.from({ length: config.text.vocabularySize }, (_, id) => id);
  const embeddings = await embedTokens(nodeBackend(), pack, all);
  return {
    ...{ config, layout, embeddings, graph },
    run: (rows, scale, parameters) =>
      graph.run({
        ...feedsOf(rows, embeddings, scale),
        [TRAINING_INPUTS.parameters]: { type: 'float32', data: parameters, dims: [parameters.length] },
      }),
  };
}

/** A case of the reference of which every token but the first is expected. */
export function wholeRow(golden: Golden, name: string): TrainingRow {
  const ids = golden.cases[name]?.input_ids ?? [];
  const mask = maskOf(ids);
  const { data, shape } = golden.tensor('image_features');
  const [, tokens = 0, hidden = 0] = shape;
  const images = [2, 3].flatMap((image, index) => {
    const start = mask.indexOf(image);
    return start < 0 ? [] : [{ start, features: data.slice(index * tokens * hidden, (index + 1) * tokens * hidden) }];
  });
  return { ids, mask, images, answers: ids.slice(1).map((id, position) => ({ position, id })) };
}
