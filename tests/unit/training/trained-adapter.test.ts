/** PEFT opens an adapter that was trained here, and gives the losses that the training graph gives. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { TRAINING_OUTPUTS } from '#core/gemma3/training-graph.ts';
import { initialParameters } from '#core/lora/training/parameters.ts';
import { peftFiles } from '#core/lora/training/peft-files.ts';
import { floatsOf } from '#core/lora/training/run-graph.ts';
import { LoraTrainer } from '#core/lora/training/trainer.ts';
import { maxDifference } from '../../reference/golden.ts';
import { exportFixture, fixture, golden, temporaryFolder } from '../../reference/node.ts';
import { referenceSettings } from '../../reference/training-case.ts';
import { openTrainingGraph, wholeRow } from '../lora/training/graph.ts';
import { hasTrainingPython, python } from './python.ts';

vi.setConfig({ testTimeout: 300_000 });

const OPEN = `
import json, sys
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import Gemma3ForConditionalGeneration
checkpoint, adapter, expected, ids, image_token = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4]), int(sys.argv[5])
model = Gemma3ForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager")
model = PeftModel.from_pretrained(model, adapter).eval()
ids = torch.tensor([ids])
pixels = load_file(expected)["pixel_values"][:1]
with torch.no_grad():
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=(ids == image_token).long(), pixel_values=pixels).logits
losses = torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:], reduction="none")
print(json.dumps(losses.tolist()))
`;

const folder = temporaryFolder();
afterAll(() => folder.remove());
const isHere = hasTrainingPython();

it.skipIf(!isHere)(
  isHere ? 'equal losses' : 'equal losses (skipped: no Python with PyTorch; PYTHON may name one)',
  async () => {
    await exportFixture(`${folder.path}/fp32`, 'fp32');
    const opened = await openTrainingGraph(`${folder.path}/fp32`, {
      ...{ rank: 3, alpha: 5, targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] },
    });
    const { layout, embeddings, config, graph } = opened;
    const row = wholeRow(await golden(), 'one_image');
    const settings = { ...referenceSettings, rate: 1e-2 };
    const trainer = new LoraTrainer(graph.run, embeddings, [row], initialParameters(layout, 1), settings);
    const before = (await trainer.step()).loss;
    for (let step = 0; step < 3; step++) await trainer.step();
    const losses = floatsOf(await opened.run([row], 1, trainer.parameters), TRAINING_OUTPUTS.tokenLosses);
    expect(losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toBeLessThan(0.8 * before);
    const files = peftFiles(config, layout, trainer.parameters, 'gemma3-tiny');
    const adapter = `${folder.path}/adapter`;
    await mkdir(adapter);
    await writeFile(join(adapter, 'adapter_config.json'), files.config);
    await writeFile(join(adapter, 'adapter_model.safetensors'), files.weights);
    const { stdout } = await python([
      ...['-c', OPEN, join(fixture, 'checkpoint'), adapter, join(fixture, 'expected.safetensors')],
      ...[JSON.stringify(row.ids), '500'],
    ]);
    expect(maxDifference(losses, JSON.parse(stdout))).toBeLessThan(1e-3);
    await graph.release();
  },
);
