/**
 * Lets the layers with a sliding window cache fewer rows than the context has positions. GroupQueryAttention writes new rows
 * behind the last `seqlens_k + 1` of its past and rotates by the cos and sin rows of the same numbers, so a cache that begins
 * at position `start` needs lengths of its own, and tables that begin at `start` too. Both become graph inputs here; the
 * arithmetic stays the same.
 */
import { create } from '@bufbuild/protobuf';
import { bytesOf, makeTensor, valueInfo } from '../builder.ts';
import { allGraphs, consumers, mainGraph } from '../model.ts';
import {
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx_pb.ts';

/** The graph inputs that the patch adds. */
export const localInput = {
  /** int32 [1]: filled rows of a local cache after the run, minus 1. */
  seqlensK: 'local_seqlens_k',
  /** int32 scalar: filled rows of a local cache after the run. */
  totalLength: 'local_total_sequence_length',
  /** int64 [1]: position of row 0 of the local caches. Only graphs with explicit attention (image chunks) have it. */
  start: 'local_start',
  /** [rows, columns]: row j holds position start + j. */
  cos: 'local_cos_cache',
  sin: 'local_sin_cache',
} as const;

export interface RopeTable {
  type: 'float32' | 'float16';
  /** headDim / 2, or less for partial rotation. */
  columns: number;
  positions: number;
  /** [positions, columns], position p at row p. */
  bytes: Uint8Array<ArrayBuffer>;
}

export interface LocalWindow {
  /** Positions that a token sees, itself included. */
  window: number;
  /** Names of the cache inputs that are local. */
  pasts: ReadonlySet<string>;
  /** The tables of the whole context; undefined if the operator does not rotate, so that no tables are inputs. */
  rope: { cos: RopeTable; sin: RopeTable } | undefined;
}

const TABLE_TYPES = new Map<number, RopeTable['type']>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.FLOAT16, 'float16'],
]);

/** Values of our exporter's graphs that the explicit attention of image chunks reads (core/gemma3/attention.ts). */
const exported = {
  total: '/lengths/Total/output',
  past: '/lengths/Past/output',
  bias: '/image_mask/LocalBias/output',
} as const;
/** How often one layer reads each of them. */
const reads = { total: 3, past: 1, bias: 1 } as const;

interface Site {
  graph: GraphProto;
  node: NodeProto;
  /** Nodes of the layer's explicit attention; empty where the operator's own output is used. */
  explicit: NodeProto[];
}

/**
 * Changes the graph in place, or leaves it as it is.
 * @returns undefined if no layer has a window, or if a local cache is used in a way that this patch does not know; such
 *   caches need a row for every position
 */
export function addLocalWindow(model: ModelProto): LocalWindow | undefined {
  const root = mainGraph(model);
  const sites = localSites(root);
  const first = sites?.[0];
  if (!sites || !first) return undefined;
  const [cosName = '', sinName = ''] = first.node.input.slice(7, 9);
  const rotates = attribute(first.node, 'do_rotary') === 1;
  const cos = rotates ? ropeTable(root.initializer, cosName) : undefined;
  const sin = rotates ? ropeTable(root.initializer, sinName) : undefined;
  if (rotates && (!cos || !sin)) return undefined;
  const explicit = sites.some((site) => site.explicit.length > 0);

  for (const { node } of sites) {
    node.input[5] = localInput.seqlensK;
    node.input[6] = localInput.totalLength;
    if (rotates) [node.input[7], node.input[8]] = [localInput.cos, localInput.sin];
  }
  root.input.push(valueInfo(localInput.seqlensK, 'int32', [1]), valueInfo(localInput.totalLength, 'int32', []));
  if (explicit) {
    root.input.push(valueInfo(localInput.start, 'int64', [1]));
    const tables = { [cosName]: localInput.cos, [sinName]: localInput.sin };
    for (const graph of new Set(sites.filter((site) => site.explicit.length > 0).map((site) => site.graph)))
      cutExplicitAttention(root, graph, sites, tables);
  }
  if (cos && sin) {
    root.input.push(valueInfo(localInput.cos, cos.type, ['local_positions', cos.columns]));
    root.input.push(valueInfo(localInput.sin, sin.type, ['local_positions', sin.columns]));
    root.initializer = root.initializer.filter(
      ({ name }) => (name !== cosName && name !== sinName) || [...consumers(root, name)].length > 0,
    );
  }
  const pasts = new Set(sites.flatMap(({ node }) => node.input.slice(3, 5)));
  renameLengths(root, sites, pasts);
  const window = attribute(first.node, 'local_window_size') ?? 0;
  return { window, pasts, rope: cos && sin ? { cos, sin } : undefined };
}

/** The attention nodes with a window, if all of them meet the conditions of the patch. */
function localSites(root: GraphProto): Site[] | undefined {
  const sites: Site[] = [];
  for (const graph of allGraphs(root))
    for (const node of graph.node)
      if (node.opType === 'GroupQueryAttention' && (attribute(node, 'local_window_size') ?? -1) > 0)
        sites.push({ graph, node, explicit: [] });
  const first = sites[0];
  if (!first) return undefined;
  const same = (read: (node: NodeProto) => unknown) => sites.every(({ node }) => read(node) === read(first.node));
  if (!same((node) => attribute(node, 'local_window_size')) || !same((node) => attribute(node, 'do_rotary') ?? 0))
    return undefined;
  if (!same((node) => node.input[7]) || !same((node) => node.input[8])) return undefined;
  const nodes = new Set(sites.map(({ node }) => node));
  for (const site of sites) {
    const { input, output } = site.node;
    // Explicit positions (9) and a bias over all keys (10) would have to be cut too.
    if (!input[5] || !input[6] || input[9] || input[10]) return undefined;
    const pasts = input.slice(3, 5);
    if (!pasts.every((past) => past && [...consumers(root, past)].every(({ node }) => nodes.has(node))))
      return undefined;
    if (output.slice(1, 3).some((present) => [...consumers(root, present)].length > 0)) {
      site.explicit = explicitAttention(site);
      if (site.explicit.length === 0) return undefined;
    }
  }
  return sites;
}

/** The nodes of the layer that spell its attention out, if they are those of our exporter. */
function explicitAttention({ graph, node }: Pick<Site, 'graph' | 'node'>): NodeProto[] {
  const path = node.name.slice(0, node.name.lastIndexOf('/') + 1);
  const nodes = graph.node.filter((other) => other !== node && path !== '' && other.name.startsWith(path));
  const values = nodes.flatMap(({ input }) => input);
  const count = (is: (name: string) => boolean) => values.filter(is).length;
  const isOurs =
    count((name) => name === exported.total) === reads.total &&
    count((name) => name === exported.past) === reads.past &&
    count((name) => name.endsWith(exported.bias)) === reads.bias;
  const inside = new Set(nodes);
  const presents = node.output.slice(1, 3);
  const readers = presents.flatMap((present) => [...consumers(graph, present)]);
  return isOurs && readers.every((reader) => inside.has(reader.node)) ? nodes : [];
}

/** Gives the explicit attention of one graph's local layers the lengths, positions and mask columns of the local rows. */
function cutExplicitAttention(
  root: GraphProto,
  graph: GraphProto,
  sites: readonly Site[],
  tables: Record<string, string>,
): void {
  const layers = sites.filter((site) => site.graph === graph).flatMap((site) => site.explicit);
  const biases = new Set(layers.flatMap(({ input }) => input).filter((name) => name.endsWith(exported.bias)));
  const local = new Map(Object.entries(tables));
  const constant = (name: string, value: number) => {
    if (!root.initializer.some((tensor) => tensor.name === name))
      root.initializer.push(makeTensor(name, 'int64', [1], bytesOf(new BigInt64Array([BigInt(value)]))));
    return name;
  };
  const add = (opType: string, value: string, input: string[]) => {
    const output = `${graph.name}/local_window${value}`;
    const at = Math.max(...input.map((name) => graph.node.findIndex((node) => node.output.includes(name))));
    graph.node.splice(at + 1, 0, create(NodeProtoSchema, { name: `${output}/node`, opType, input, output: [output] }));
    local.set(value, output);
  };
  add('Sub', exported.total, [exported.total, localInput.start]);
  add('Sub', exported.past, [exported.past, localInput.start]);
  const [end, axis] = [constant('local_window/end', 2 ** 31 - 1), constant('local_window/key_axis', 3)];
  for (const bias of biases) add('Slice', bias, [bias, localInput.start, end, axis]);
  for (const node of layers) node.input = node.input.map((name) => local.get(name) ?? name);
}

/** Local and global caches differ in length, so they may not share the symbol of that dimension. */
function renameLengths(root: GraphProto, sites: readonly Site[], pasts: ReadonlySet<string>): void {
  const rename = (values: readonly ValueInfoProto[], names: ReadonlySet<string>, symbol: string) => {
    for (const { name, type } of values) {
      const dim = type?.value.case === 'tensorType' ? type.value.value.shape?.dim[2] : undefined;
      if (dim && names.has(name)) dim.value = { case: 'dimParam', value: symbol };
    }
  };
  rename(root.input, pasts, 'local_past_sequence_length');
  const presents = new Set([...pasts].map((past) => past.replace('past_key_values.', 'present.')));
  for (const { node } of sites) for (const present of node.output.slice(1, 3)) presents.add(present);
  for (const graph of allGraphs(root)) {
    rename(graph.output, presents, 'local_present_sequence_length');
    rename(graph.valueInfo, presents, 'local_present_sequence_length');
  }
}

function ropeTable(initializers: readonly TensorProto[], name: string): RopeTable | undefined {
  const tensor = initializers.find((candidate) => candidate.name === name);
  if (!tensor || tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return undefined;
  const type = TABLE_TYPES.get(tensor.dataType);
  const [positions = 0, columns = 0] = tensor.dims.map(Number);
  if (!type || tensor.dims.length !== 2) return undefined;
  if (tensor.rawData.length !== positions * columns * (type === 'float32' ? 4 : 2)) return undefined;
  return { type, columns, positions, bytes: new Uint8Array(tensor.rawData) };
}

function attribute(node: NodeProto, name: string): number | undefined {
  const value = node.attribute.find((candidate) => candidate.name === name)?.i;
  return value === undefined ? undefined : Number(value);
}
