/** Cross entropy of the next token, and its gradient by the logits: softmax minus one-hot. */
import type { Value } from '../builder.ts';
import { backwardName, type Tape } from './tape.ts';

export interface CrossEntropy {
  /** −ln p of each expected token, float32 [tokens]. */
  tokenLosses: Value;
  /** Their sum times the scale, float32 []. */
  loss: Value;
  /** Of `loss` by the logits, [tokens, vocabulary]; adds its nodes. */
  gradient: () => Value;
}

/**
 * @param logits [tokens, vocabulary] @param ids int32 [tokens] @param scale float32 []: for the mean, 1 over the number of tokens of the step,
 * which may be in several runs
 */
export function crossEntropy(
  tape: Tape,
  logits: Value,
  ids: Value,
  scale: Value,
  vocabulary: number,
  name: string,
): CrossEntropy {
  const { graph } = tape;
  const node = (opType: string, inputs: Value[], step: string) => tape.node(opType, inputs, `${name}/${step}`);
  const last = graph.int64([-1]);
  const logSum = node('ReduceLogSumExp', [logits, last], 'ReduceLogSumExp');
  const column = node('Unsqueeze', [ids, graph.int64([1])], 'Ids');
  const expected = tape.node('GatherElements', [logits, column], `${name}/GatherElements`, {
    attributes: { axis: { int: 1 } },
  });
  const tokenLosses = node('Reshape', [node('Sub', [logSum, expected], 'Sub'), graph.int64([-1])], 'TokenLosses');
  const sum = tape.node('ReduceSum', [tokenLosses], `${name}/Sum`, { attributes: { keepdims: { int: 0 } } });
  const loss = node('Mul', [sum, scale], 'Loss');
  const gradient = (): Value => {
    const back = (opType: string, inputs: Value[], step: string) => tape.node(opType, inputs, backwardName(name, step));
    const allIds = new Int32Array(vocabulary).map((_, id) => id);
    const range = graph.constant('const/vocabulary', 'int32', [1, vocabulary], new Uint8Array(allIds.buffer));
    const oneHot = tape.node('Cast', [back('Equal', [range, column], 'Equal')], backwardName(name, 'OneHot'), {
      attributes: { to: { int: 1 } },
    });
    const probabilities = back('Exp', [back('Sub', [logits, logSum], 'LogSoftmax')], 'Softmax');
    return back('Mul', [back('Sub', [probabilities, oneHot], 'Difference'), scale], 'Scaled');
  };
  return { tokenLosses, loss, gradient };
}
