/** The decoder as one step that can be captured: the same tokens as the whole decoder, and no input that lives on the CPU. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { GraphBuilder, makeModel } from '#core/onnx/builder.ts';
import { mainGraph, OnnxError } from '#core/onnx/model.ts';
import type { ModelProto } from '#core/onnx/onnx_pb.ts';
import { addArgmaxHead, nextToken } from '#core/onnx/patch/argmax-head.ts';
import { toDecodeStep } from '#core/onnx/patch/decode-step.ts';
import { embedIds } from '#core/onnx/patch/embed-ids.ts';
import { addLocalWindow, localInput, type LocalWindow, type RopeTable } from '#core/onnx/patch/local-window.ts';
import { keepBody } from '#core/onnx/patch/split-bodies.ts';
import type { Golden } from '../../../reference/golden.ts';
import { exportFixture, golden, temporaryFolder } from '../../../reference/node.ts';
import { floats, floatTensor, int32Tensor, int64Tensor, openModel, type Feeds } from '../session.ts';
import { graphFile, ids } from './fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Positions that a token of the fixture sees. */
const window = 16;
const folder = temporaryFolder();
let reference: Golden;
beforeAll(async () => {
  reference = await golden();
  await exportFixture(folder.path, 'q4');
});
afterAll(() => folder.remove());

function decoder(change?: (model: ModelProto) => void) {
  const { model, external } = graphFile(folder.path, 'decoder_model_merged_q4.onnx');
  change?.(model);
  keepBody(model, 'text');
  const embedding = graphFile(folder.path, 'embed_tokens_q4.onnx');
  embedIds(model, embedding.model);
  addArgmaxHead(model);
  return { model, external: new Map([...external, ...embedding.external]) };
}

/** Token by token with a growing cache. @param lengths inputs that say how long it is, for the position `past` */
async function run(
  { model, external }: ReturnType<typeof decoder>,
  tokens: readonly number[],
  lengths: (past: number) => Feeds,
) {
  const session = await openModel(model, external);
  const caches = session.inputNames.filter((name) => name.startsWith('past_key_values.'));
  const feeds: Feeds = Object.fromEntries(caches.map((name) => [name, floatTensor([], [1, 2, 0, 32])]));
  const steps = [];
  for (const [past, token] of tokens.entries()) {
    const results = await session.run({ ...feeds, ...lengths(past), input_ids: int64Tensor([token], [1, 1]) });
    for (const name of caches) {
      const present = results[name.replace('past_key_values.', 'present.')];
      if (present) feeds[name] = present;
    }
    steps.push({ choice: ids(results[nextToken]), logits: [...floats(results['logits'])] });
  }
  await session.release();
  return steps;
}

describe("the fixture's decoder", () => {
  test('says the same as the whole decoder, past the sliding window too', async () => {
    const tokens = (reference.cases['text_beyond_window']?.input_ids ?? []).slice(0, 20);
    expect(tokens).toHaveLength(20);
    const whole = await run(decoder(), tokens, (past) => ({
      attention_mask: int64Tensor(new Array<number>(past + 1).fill(1), [1, past + 1]),
      num_logits_to_keep: int64Tensor([1], []),
    }));
    const step = decoder();
    toDecodeStep(step.model);
    const steps = await run(step, tokens, (past) => ({
      seqlens_k: int32Tensor([past], [1]),
      total_sequence_length: int32Tensor([past + 1], []),
    }));
    expect(steps).toEqual(whole);
  });

  test('with caches of local rows says the same within the window, from the tables of the cache', async () => {
    const tokens = (reference.cases['text_beyond_window']?.input_ids ?? []).slice(0, window);
    expect(tokens).toHaveLength(window);
    const whole = await run(decoder(), tokens, (past) => ({
      attention_mask: int64Tensor(new Array<number>(past + 1).fill(1), [1, past + 1]),
      num_logits_to_keep: int64Tensor([1], []),
    }));
    let local: LocalWindow | undefined;
    const step = decoder((model) => {
      local = addLocalWindow(model);
    });
    toDecodeStep(step.model);
    const rope = local?.rope;
    if (!rope) throw new Error('the fixture has no local tables');
    const inputs = mainGraph(step.model).input.map(({ name }) => name);
    expect(inputs).not.toContain(localInput.seqlensK);
    expect(inputs).not.toContain(localInput.totalLength);
    const table = ({ bytes, columns }: RopeTable) =>
      floatTensor(new Float32Array(bytes.slice(0, 4 * window * columns).buffer), [window, columns]);
    const steps = await run(step, tokens, (past) => ({
      seqlens_k: int32Tensor([past], [1]),
      total_sequence_length: int32Tensor([past + 1], []),
      [localInput.cos]: table(rope.cos),
      [localInput.sin]: table(rope.sin),
    }));
    expect(steps).toEqual(whole);
  });

  test('reads nothing from shapes, and keeps no node that only copies an output', () => {
    const { model } = decoder();
    toDecodeStep(model);
    const { node, input, output } = mainGraph(model);
    const types = node.map(({ opType }) => opType);
    expect(types).not.toContain('Shape');
    expect(types).not.toContain('Slice');
    const others = input.map(({ name }) => name).filter((name) => !name.startsWith('past_key_values.'));
    expect(others).toEqual(['input_ids', 'seqlens_k', 'total_sequence_length']);
    const made = output.map(({ name }) => node.find((each) => each.output.includes(name))?.opType);
    expect(new Set(made)).toEqual(new Set(['GroupQueryAttention', 'MatMulNBits', 'ArgMax']));
  });
});

describe('what cannot be captured', () => {
  test('an If', () => {
    const { model } = graphFile(folder.path, 'decoder_model_merged_q4.onnx');
    expect(() => toDecodeStep(model)).toThrow(new OnnxError('the decoder has the control flow node /model/If (If)'));
  });

  function small(build: (graph: GraphBuilder, x: string) => void) {
    const graph = new GraphBuilder('small');
    const x = graph.node('Gather', [graph.float(1), graph.input('input_ids', 'int64', [1, 's'])], { name: 'embed' });
    const attended = graph.node('GroupQueryAttention', [x, x, x, '', '', 's', 't'], {
      name: 'gqa',
      domain: 'com.microsoft',
    });
    build(graph, attended);
    return makeModel(graph.build(), 'test');
  }

  test('lengths that differ between layers', () => {
    const model = small((graph, x) => {
      graph.node('GroupQueryAttention', [x, x, x, '', '', 'other_s', 'other_t'], {
        name: 'local',
        domain: 'com.microsoft',
      });
    });
    expect(() => toDecodeStep(model)).toThrow('its layers have caches of different lengths');
  });

  test('an input that the step does not feed', () => {
    const model = small((graph, x) => {
      const positions = graph.input('position_ids', 'int64', [1, 's']);
      graph.node('Add', [x, positions], { name: 'add', outputs: [nextToken] });
      graph.output(nextToken, 'int64', [1, 1]);
    });
    expect(() => toDecodeStep(model)).toThrow(new OnnxError('add reads "position_ids"'));
  });

  test('an output that is a copy', () => {
    const model = small((graph, x) => {
      graph.node('Identity', [x], { name: 'copy', outputs: [nextToken] });
      graph.output(nextToken, 'int64', [1, 1]);
    });
    expect(() => toDecodeStep(model)).toThrow(new OnnxError(`the output "${nextToken}" is a copy (Identity)`));
  });

  test('logits that a copy would write are no output; the choice stands', () => {
    const model = small((graph, x) => {
      graph.node('Unsqueeze', [x, graph.int64([0])], { name: 'copy', outputs: ['logits'] });
      graph.output('logits', 'float32', [1, 1, 'v']);
    });
    addArgmaxHead(model);
    toDecodeStep(model);
    expect(mainGraph(model).output.map(({ name }) => name)).toEqual([nextToken]);
  });
});
