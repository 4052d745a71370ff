/**
 * Reverse-mode differentiation while a graph is built (Griewank and Walther, "Evaluating Derivatives", 2008): an operator adds its forward
 * nodes and records how the gradient of its result becomes those of its inputs. `backward` then adds these nodes, last operator first. What
 * comes out is a plain graph of forward and backward nodes; no runtime for training is needed.
 */
import type { Attribute, GraphBuilder, Value } from '../builder.ts';

/** A value of the graph. `trains`: something that is trained is before it, so that its gradient is needed. */
export interface Variable {
  value: Value;
  trains: boolean;
}

/** Where an operator leaves the gradients of its inputs. */
export interface Gradients {
  /**
   * Adds to the gradient of `variable`; does nothing where none is needed.
   * @param make the nodes of the gradient. If `sum` is given, what was added before, they add it too
   */
  accumulate(variable: Variable, make: (sum: Value | undefined) => Value): void;
}

/** @param gradient of the operator's result */
export type Backward = (gradient: Value, into: Gradients) => void;

export class Tape {
  readonly graph: GraphBuilder;
  readonly #steps: { result: Variable; backward: Backward }[] = [];
  readonly #gradients = new Map<Variable, Value>();
  readonly #names = new Map<string, number>();

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  /** A value that does not depend on what is trained. */
  frozen(value: Value): Variable {
    return { value, trains: false };
  }

  /** A value that is trained. */
  trained(value: Value): Variable {
    return { value, trains: true };
  }

  /** The result of an operator whose forward nodes are in the graph. */
  record(inputs: readonly Variable[], value: Value, backward: Backward): Variable {
    const result = { value, trains: inputs.some(({ trains }) => trains) };
    if (result.trains) this.#steps.push({ result, backward });
    return result;
  }

  /** Adds a node under a name that need not be unique. */
  node(opType: string, inputs: Value[], name: string, options: NodeExtras = {}): Value {
    return this.graph.node(opType, inputs, { name: this.#unique(name), ...options });
  }

  /**
   * Adds the backward nodes of everything that was recorded.
   * @param result the last variable @param gradient of the loss by `result`, of its shape
   */
  backward(result: Variable, gradient: Value): void {
    this.#gradients.set(result, gradient);
    const into: Gradients = {
      accumulate: (variable, make) => {
        if (variable.trains) this.#gradients.set(variable, make(this.#gradients.get(variable)));
      },
    };
    for (const step of this.#steps.splice(0).reverse()) {
      const own = this.#gradients.get(step.result);
      if (own !== undefined) step.backward(own, into);
    }
  }

  /** @throws TypeError if the loss does not depend on the variable */
  gradientOf(variable: Variable): Value {
    const gradient = this.#gradients.get(variable);
    if (gradient === undefined) throw new TypeError(`the loss does not depend on ${variable.value}`);
    return gradient;
  }

  #unique(name: string): string {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  }
}

export interface NodeExtras {
  domain?: 'com.microsoft';
  attributes?: Record<string, Attribute>;
}

/** Names the backward nodes of an operator. */
export const backwardName = (name: string, step: string): string => `/gradient${name}/${step}`;

/** gradient + sum, for operators that have no cheaper way to add. */
export function plus(tape: Tape, gradient: Value, sum: Value | undefined, name: string): Value {
  return sum === undefined ? gradient : tape.node('Add', [gradient, sum], backwardName(name, 'Sum'));
}
