/** `npm run icons`: the PNGs in public/icons that app.webmanifest and index.html name, of icon.svg. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

export interface Icon {
  file: string;
  /** Width and height in pixels. */
  side: number;
  /** Fills its square, with all that matters in the inner circle: systems cut it to their own shape. */
  maskable: boolean;
}

export const ICONS: readonly Icon[] = [
  { file: 'icon-192.png', side: 192, maskable: false },
  { file: 'icon-512.png', side: 512, maskable: false },
  { file: 'maskable-192.png', side: 192, maskable: true },
  { file: 'maskable-512.png', side: 512, maskable: true },
  // iOS rounds the corners itself, and shows black where an icon is transparent.
  { file: 'apple-touch-icon.png', side: 180, maskable: true },
];

/** The drawing takes this share of a maskable icon: its widest line then stays within the safe circle, 80 % of the width. */
const MASKABLE_SCALE = 0.85;

export const iconFolder = fileURLToPath(new URL('../public/icons', import.meta.url));

export async function drawIcon({ side, maskable }: Icon): Promise<Buffer> {
  const svg = await readFile(join(iconFolder, 'icon.svg'), 'utf8');
  const drawn = Buffer.from(maskable ? filled(svg) : svg);
  // Rendered at its own size: a scaled picture would be soft. 72 dpi draws the 64 units as 64 pixels.
  return sharp(drawn, { density: (72 * side) / 64 })
    .resize(side, side)
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();
}

/** The icon without its round corners, drawn smaller on a whole square of its own colour. */
function filled(svg: string): string {
  const [, inner = ''] = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg) ?? [];
  const [, colour] = /<rect[^>]*\bfill="(#\w+)"/.exec(inner) ?? [];
  if (colour === undefined) throw new Error('icon.svg has no <rect> with a fill, which maskable icons are filled with');
  const margin = (64 * (1 - MASKABLE_SCALE)) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
    <rect width="64" height="64" fill="${colour}" />
    <g transform="translate(${margin} ${margin}) scale(${MASKABLE_SCALE})">${inner}</g>
  </svg>`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const icon of ICONS) await writeFile(join(iconFolder, icon.file), await drawIcon(icon));
}
