/** Builds ONNX graphs node by node. Strings name values; '' is an absent optional input. */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx_pb.ts';

export type Value = string;
export type ElementType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'uint4' | 'bool';

export const dataTypes: Record<ElementType, TensorProto_DataType> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
  uint4: TensorProto_DataType.UINT4,
  bool: TensorProto_DataType.BOOL,
};

/** A dimension is a number or a symbolic name; transformers.js reads the names (`batch_size`). */
export type Shape = readonly (number | string)[];

export type Attribute =
  { int: number } | { float: number } | { string: string } | { ints: number[] } | { graph: GraphProto };

export interface NodeOptions {
  /** Node name, and the prefix of its output names. */
  name: string;
  domain?: 'com.microsoft';
  attributes?: Record<string, Attribute>;
  /** Names of the outputs; '' skips one. Default: one output, named after the node. */
  outputs?: string[];
}

/**
 * One graph. `body()` creates the body of an `If`: it reads the parent's values by name and adds its constants to the parent,
 * so that both bodies share them.
 */
export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #parent: GraphBuilder | undefined;
  readonly #name: string;
  /** Prefix of node and value names: bodies of an `If` must not reuse names of each other or of their parent. */
  readonly #prefix: string;

  constructor(name: string, parent?: GraphBuilder, prefix = '') {
    this.#name = name;
    this.#parent = parent;
    this.#prefix = prefix;
  }

  body(name: string, prefix: string): GraphBuilder {
    return new GraphBuilder(name, this, prefix);
  }

  /** The graph that holds the constants. What is computed there is computed once, and every body can read it. */
  outermost(): GraphBuilder {
    return this.#parent?.outermost() ?? this;
  }

  input(name: string, type: ElementType, shape: Shape): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: Shape): void {
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** Adds a node; returns its first output. */
  node(opType: string, inputs: Value[], options: NodeOptions): Value {
    return this.nodes(opType, inputs, options)[0] ?? '';
  }

  /** Adds a node; returns all its outputs. */
  nodes(opType: string, inputs: Value[], options: NodeOptions): Value[] {
    const name = this.#prefix + options.name;
    const outputs = options.outputs ?? [`${name}/output`];
    const attribute = Object.entries(options.attributes ?? {}).map(([key, value]) => makeAttribute(key, value));
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType,
        domain: options.domain ?? '',
        name,
        input: inputs,
        output: outputs,
        attribute,
      }),
    );
    return outputs;
  }

  /** Prefixes a name as `node` does, for outputs that the caller names. */
  local(name: string): string {
    return this.#prefix + name;
  }

  /** A small int64 constant: shape [n], or a scalar for a number. */
  int64(values: number[] | number): Value {
    const list = typeof values === 'number' ? [values] : values;
    const name = `const/int64/${typeof values === 'number' ? 'scalar/' : ''}${list.join('_')}`;
    const data = new BigInt64Array(list.map(BigInt));
    return this.constant(name, 'int64', typeof values === 'number' ? [] : [list.length], bytesOf(data));
  }

  /** A scalar float32 constant. */
  float(value: number): Value {
    return this.constant(`const/float/${value}`, 'float32', [], bytesOf(new Float32Array([value])));
  }

  /** A constant stored in the graph; a second call with the same name reuses it. */
  constant(name: string, type: ElementType, dims: number[], rawData: Uint8Array<ArrayBuffer>): Value {
    if (this.#parent) return this.#parent.constant(name, type, dims, rawData);
    if (!this.#initializers.has(name)) this.#initializers.set(name, makeTensor(name, type, dims, rawData));
    return name;
  }

  build(): GraphProto {
    return create(GraphProtoSchema, {
      name: this.#name,
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
      initializer: [...this.#initializers.values()],
    });
  }
}

/** Opset 21 with ONNX Runtime's contrib operators; all current runtimes support IR version 10 (ONNX 1.16). */
export function makeModel(graph: GraphProto, producer: string): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: producer,
    graph,
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: 21n }),
      create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }),
    ],
  });
}

export function makeTensor(
  name: string,
  type: ElementType,
  dims: readonly number[],
  rawData: Uint8Array<ArrayBuffer>,
): TensorProto {
  return create(TensorProtoSchema, { name, dataType: dataTypes[type], dims: dims.map(BigInt), rawData });
}

export function valueInfo(name: string, type: ElementType, shape: Shape): ValueInfoProto {
  return valueInfoOf(name, dataTypes[type], shape);
}

/** @param elemType ONNX TensorProto.DataType */
export function valueInfoOf(name: string, elemType: number, shape: Shape): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }),
  });
}

export function makeAttribute(name: string, value: Attribute): AttributeProto {
  if ('int' in value)
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value.int) });
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  if ('string' in value) {
    const s = Uint8Array.from(value.string, (character) => character.charCodeAt(0));
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if ('ints' in value)
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.INTS,
      ints: value.ints.map(BigInt),
    });
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.GRAPH, g: value.graph });
}

/** Little-endian bytes for ONNX's raw_data; all supported platforms are little-endian. */
export function bytesOf(array: {
  buffer: ArrayBuffer;
  byteOffset: number;
  byteLength: number;
}): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
