import { filterRows, rgbPng } from '#core/image/png.ts';

/** RGB u8 [height, width, 3] as a PNG file without loss. */
export async function pngBlob(rgb: Uint8Array, width: number, height: number): Promise<Blob> {
  const rows = new Blob([filterRows(rgb, width * 3, height)]);
  const deflated = await new Response(rows.stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer();
  return new Blob([rgbPng(width, height, new Uint8Array(deflated))], { type: 'image/png' });
}
