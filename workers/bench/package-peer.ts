import type { FixedLengthQuestion, PeerOpenRequest, TimedAnswer } from '#core/protocol/bench.ts';
import { FailureError } from '#core/failure.ts';
import { readPackage } from '../engine/model/package.ts';
import { readWithRetry } from '../engine/runtime/retrying-blob.ts';
import { boundReader } from '../store/bound.ts';
import { openPackage } from '../store/package.ts';
import type { PackageReader } from '../store/reader.ts';
import type { Peer } from './peer.ts';

const PIECE_BYTES = 4 * 2 ** 20;

/** transformers.js over a package of the page's store. Its code is fetched when a package is opened. */
export class PackagePeer {
  #peer: Peer | undefined;

  /** @returns version of transformers.js */
  async open({ source, provider, dtype }: PeerOpenRequest, signal: AbortSignal): Promise<string> {
    const reader = boundReader(await openPackage(source, { signal }), { signal });
    const { config } = await readPackage(reader);
    const { Peer } = await import('./peer.ts');
    const peer = new Peer();
    const version = await peer.open({
      provider,
      architecture: config.architecture,
      dtype: {
        model: dtype.decoder,
        decoder_model_merged: dtype.decoder,
        embed_tokens: dtype.decoder,
        ...(dtype.vision !== undefined && { vision_encoder: dtype.vision }),
      },
      device: undefined,
      file: (path) => responseOf(reader, path),
    });
    this.#peer = peer;
    return version;
  }

  async generate(question: FixedLengthQuestion): Promise<TimedAnswer> {
    if (!this.#peer) throw new FailureError('no-model');
    return this.#peer.generate(question);
  }
}

async function responseOf(reader: PackageReader, path: string): Promise<Response | undefined> {
  if (!(await reader.has(path))) return undefined;
  const blob = await reader.blob(path);
  let at = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const piece = blob.slice(at, at + PIECE_BYTES);
      if (piece.size === 0) return controller.close();
      at += piece.size;
      controller.enqueue(new Uint8Array(await readWithRetry(piece)));
    },
  });
  // With its length transformers.js allocates once.
  return new Response(body, { headers: { 'Content-Length': String(blob.size) } });
}
