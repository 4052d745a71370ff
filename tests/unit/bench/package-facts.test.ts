/** What the bench lab says about a package. */
import { expect, test } from 'vitest';
import { describePackage } from '../../../workers/bench/package-facts.ts';
import { exportTo, FIXTURE, readInitializers } from '../export/workbench.ts';
import { packageIn } from '../weights/fixture.ts';

test('the decoder’s bytes are those that a GPU reads: scales of float32 products are float32 there', async () => {
  const folder = await exportTo(FIXTURE, 'q4f16');
  const { decoderBytes } = await describePackage(packageIn(folder), new AbortController().signal);
  const bytesOf = async (dtype: 'q4' | 'q4f16', isWide: (name: string) => boolean) => {
    let sum = 0;
    for (const [name, { bytes, location }] of await readInitializers(folder, `decoder_model_merged_${dtype}.onnx`))
      if (location !== undefined) sum += isWide(name) ? 2 * bytes.length : bytes.length;
    return sum;
  };
  const isScale = (name: string) => name.endsWith('.scales');
  expect(decoderBytes).toEqual({
    q4: await bytesOf('q4', isScale),
    q4f16: await bytesOf('q4f16', (name) => isScale(name) && /embed_tokens|mlp\./.test(name)),
  });
});
