/** Runs a package with an image in Node, its image token any: what the files say, and nothing of the engine. */
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { chunks } from '#core/chat/chunks.ts';
import type { Prompt } from '#core/chat/prompt.ts';

function floats(tensor: ort.Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('expected a float32 tensor');
  return new Float32Array(tensor.data);
}

const integers = (values: readonly number[], dims: number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);

export class PackageModel {
  private constructor(
    private readonly decoder: ort.InferenceSession,
    private readonly embed: ort.InferenceSession,
    private readonly vision: ort.InferenceSession,
  ) {}

  /** An fp32 package. */
  static async open(folder: string): Promise<PackageModel> {
    const open = (name: string) =>
      ort.InferenceSession.create(join(folder, 'onnx', `${name}.onnx`), { logSeverityLevel: 3 });
    return new PackageModel(
      await open('decoder_model_merged'),
      await open('embed_tokens'),
      await open('vision_encoder'),
    );
  }

  /** Logits [vocabulary] behind the prompt. @param pixels f32 [1, 3, size, size] */
  async logits(prompt: Prompt, pixels: { data: Float32Array; dims: number[] }): Promise<Float32Array> {
    const { image_features } = await this.vision.run({
      pixel_values: new ort.Tensor('float32', pixels.data, pixels.dims),
    });
    const features = floats(image_features);
    let cache: Record<string, ort.Tensor> = {};
    let last: Float32Array = new Float32Array();
    for (const { start, end, image } of chunks(prompt, 0, prompt.ids.length)) {
      const count = end - start;
      const { inputs_embeds } = await this.embed.run({ input_ids: integers(prompt.ids.slice(start, end), [1, count]) });
      const embeds = image ? features : floats(inputs_embeds);
      const feeds: Record<string, ort.Tensor> = {
        inputs_embeds: new ort.Tensor('float32', embeds, [1, count, embeds.length / count]),
        attention_mask: integers(prompt.mask.slice(0, end), [1, end]),
        num_logits_to_keep: new ort.Tensor('int64', new BigInt64Array([1n]), []),
      };
      for (const input of this.decoder.inputMetadata) {
        if (!input.isTensor || !input.name.startsWith('past_key_values.')) continue;
        const dims = input.shape.map((size, at) => (at === 0 ? 1 : typeof size === 'number' ? size : 0));
        feeds[input.name] =
          cache[input.name.replace('past_key_values', 'present')] ??
          new ort.Tensor('float32', new Float32Array(0), dims);
      }
      const { logits, ...present } = await this.decoder.run(feeds);
      cache = present;
      last = floats(logits);
    }
    return last;
  }
}
