/** The peer as the driver runs it: transformers.js, files served by our own server. */
import type { Answer, OpenRequest } from './contract.ts';
import { Peer } from '../../workers/bench/peer.ts';
import { requestGpu } from '../../workers/engine/runtime/device.ts';

export class ServedPeer {
  readonly #peer = new Peer();

  async open({ url, peerDevice, architecture }: OpenRequest): Promise<void> {
    await this.#peer.open({
      provider: 'webgpu',
      architecture: architecture === 'Gemma3ForCausalLM' ? architecture : 'Gemma3ForConditionalGeneration',
      dtype: undefined,
      device: peerDevice === 'engine' ? await engineDevice() : undefined,
      file: (path) => fetch(new URL(path, url)),
    });
  }

  async generate(prompt: string, newTokens: number): Promise<Answer> {
    const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text: prompt }] }];
    return this.#peer.generate({ messages, newTokens });
  }
}

async function engineDevice(): Promise<GPUDevice> {
  const gpu = await requestGpu();
  if (typeof gpu === 'string') throw new Error(`no GPU: ${gpu}`);
  return gpu.device;
}
