/** The fixture's adapter, whole and spoiled, as files that a page would hand over. */
import { parseConfig, type Gemma3Config } from '#core/gemma3/config.ts';
import { readAdapter, type Adapter } from '#core/lora/adapter.ts';
import { parseAdapterConfig } from '#core/lora/config.ts';
import { MemorySource } from '#core/memory-source.ts';
import { readHeader } from '#core/safetensors/header.ts';
import { writeSafetensors } from '#core/safetensors/write.ts';
import type { ListedAdapter } from '#core/protocol/adapters.ts';

const fixture = '/tests/fixtures/gemma3-tiny/';
type Tensor = Parameters<typeof writeSafetensors>[0][number];

async function get(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(fixture + path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const json = async (path: string): Promise<unknown> => JSON.parse(new TextDecoder().decode(await get(path)));
const weights = () => get('lora/adapter_model.safetensors');

export async function fixtureConfig(): Promise<Gemma3Config> {
  return parseConfig(await json('checkpoint/config.json'));
}

/** As the engine reads it. */
export async function fixtureAdapter(): Promise<Adapter> {
  const source = new MemorySource('adapter_model.safetensors', await weights());
  return readAdapter(parseAdapterConfig(await json('lora/adapter_config.json')), source, await fixtureConfig());
}

export interface Spoil {
  name?: string;
  /** Set in adapter_config.json. */
  config?: Readonly<Record<string, unknown>>;
  tensors?: (tensors: Tensor[]) => Tensor[];
  /** Bytes left out at the end. */
  cut?: number;
}

/** The two files, after what is asked for was done to them. */
export async function adapterFiles({ name = 'fixture', config, tensors, cut = 0 }: Spoil = {}): Promise<ListedAdapter> {
  const given = await json('lora/adapter_config.json');
  let bytes: Uint8Array = await weights();
  if (tensors) {
    const header = await readHeader(new MemorySource('fixture', bytes));
    const list = [...header.tensors.values()].map(({ name: tensor, dtype, shape, begin, end }) => ({
      ...{ name: tensor, dtype, shape },
      data: bytes.slice(begin, end),
    }));
    bytes = writeSafetensors(tensors(list));
  }
  return {
    id: crypto.randomUUID(),
    name,
    config: new Blob([JSON.stringify(Object.assign({}, given, config))]),
    weights: new Blob([bytes.slice(0, bytes.length - cut)]),
  };
}

/** NaN in place of the first value. */
export function withNaN(tensor: Tensor): Tensor {
  const data = tensor.data.slice();
  data.fill(0xff, 0, tensor.dtype === 'F32' ? 4 : 2);
  return { ...tensor, data };
}
