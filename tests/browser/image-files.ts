/** Image files made by hand: what a canvas cannot encode. */

/** The same JPEG with an APP1 Exif segment that holds one tag, Orientation (274), right after SOI. */
export async function withOrientation(jpeg: Blob, orientation: number): Promise<Blob> {
  const bytes = new Uint8Array(await jpeg.arrayBuffer());
  const exif = Uint8Array.of(
    ...[0xff, 0xe1, 0, 34], // APP1 and its length without the marker
    ...[0x45, 0x78, 0x69, 0x66, 0, 0], // "Exif"
    ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8], // big-endian TIFF, first directory at 8
    ...[0, 1], // one entry
    ...[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0], // Orientation, SHORT, count 1
    ...[0, 0, 0, 0], // no next directory
  );
  return new Blob([bytes.subarray(0, 2), exif, bytes.subarray(2)], { type: 'image/jpeg' });
}

/** An 8-bit greyscale PNG whose rows are flat; `rowsWritten` fewer than `height` makes a file that ends too early. */
export async function greyPng(
  width: number,
  height: number,
  grey: (row: number) => number,
  rowsWritten = height,
): Promise<Blob> {
  let row = 0;
  const rows = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (row === rowsWritten) return controller.close();
      const line = new Uint8Array(width + 1).fill(grey(row++));
      line[0] = 0; // filter: none
      controller.enqueue(line);
    },
  });
  const compressed = await new Response(rows.pipeThrough(new CompressionStream('deflate'))).arrayBuffer();
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bit depth; colour type 0 is grey
  const chunks = [
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', new Uint8Array(compressed)),
    chunk('IEND'),
  ];
  return new Blob([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), ...chunks], { type: 'image/png' });
}

/** length, type, data, CRC-32 of type and data (PNG specification, 5.3) */
function chunk(type: string, data = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
