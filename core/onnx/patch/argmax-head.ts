/**
 * Adds an argmax output to a decoder for greedy decoding, so that one id is read back from the device instead of all
 * logits.
 */
import { create } from '@bufbuild/protobuf';
import { makeAttribute, makeTensor, bytesOf, valueInfo } from '../builder.ts';
import { mainGraph, OnnxError } from '../model.ts';
import { NodeProtoSchema, type ModelProto } from '../onnx_pb.ts';

export const nextToken = 'next_token';

/**
 * Adds the output `next_token`, int64 [1, num_logits]: for each position with `logits` the index of the largest of them, the lowest index on a
 * tie. If the decoder has the input `num_logits_to_keep`, callers say there how many positions; otherwise it is the last one.
 * @throws OnnxError if the graph has no output `logits`
 */
export function addArgmaxHead(model: ModelProto): void {
  const graph = mainGraph(model);
  if (!graph.output.some(({ name }) => name === 'logits')) throw new OnnxError('the decoder has no output "logits"');
  const keepsSome = graph.input.some(({ name }) => name === 'num_logits_to_keep');
  let last = 'logits';
  if (!keepsSome) {
    last = 'next_token/last';
    const int64 = (name: string, value: bigint) => {
      graph.initializer.push(makeTensor(name, 'int64', [1], bytesOf(new BigInt64Array([value]))));
      return name;
    };
    graph.node.push(
      create(NodeProtoSchema, {
        name: '/next_token/Last',
        opType: 'Slice',
        input: [
          'logits',
          int64('next_token/start', -1n),
          int64('next_token/end', 0x7fffffffn),
          int64('next_token/axis', 1n),
        ],
        output: [last],
      }),
    );
  }
  graph.node.push(
    create(NodeProtoSchema, {
      name: '/next_token/ArgMax',
      opType: 'ArgMax',
      input: [last],
      output: [nextToken],
      attribute: [makeAttribute('axis', { int: -1 }), makeAttribute('keepdims', { int: 0 })],
    }),
  );
  graph.output.push(valueInfo(nextToken, 'int64', [1, keepsSome ? 'num_logits' : 1]));
}
