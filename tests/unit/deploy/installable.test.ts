/** What a browser needs to install the page: a manifest whose icons are there, in the sizes it names, drawn of icon.svg. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { drawIcon, ICONS, iconFolder } from '../../../scripts/icons.ts';
import { ROOT } from '../cli/run.ts';

interface WebManifest {
  start_url: string;
  scope: string;
  display: string;
  theme_color: string;
  icons: { src: string; sizes: string; purpose: string; type: string }[];
}

const read = async () => JSON.parse(await readFile(join(ROOT, 'public/app.webmanifest'), 'utf8')) as WebManifest;

it('the manifest opens the page where it stands, in any folder, in a window of its own', async () => {
  const { start_url, scope, display, theme_color } = await read();
  expect({ start_url, scope, display }).toEqual({ start_url: './', scope: './', display: 'standalone' });
  expect(await readFile(join(iconFolder, 'icon.svg'), 'utf8')).toContain(`fill="${theme_color}"`);
  const html = await readFile(join(ROOT, 'index.html'), 'utf8');
  expect(html).toContain('<link rel="manifest" href="./app.webmanifest" />');
  expect(html).toContain('<link rel="apple-touch-icon" href="./icons/apple-touch-icon.png" />');
});

it('its icons have the sizes it names, and one of each size may be cut to any shape', async () => {
  const { icons } = await read();
  const pngs = icons.filter(({ type }) => type === 'image/png');
  for (const { src, sizes } of pngs) {
    const { width, height, format } = await sharp(join(ROOT, 'public', src)).metadata();
    expect([format, `${width}x${height}`], src).toEqual(['png', sizes]);
  }
  for (const purpose of ['any', 'maskable'])
    expect(pngs.filter((icon) => icon.purpose === purpose).map(({ sizes }) => sizes)).toEqual(['192x192', '512x512']);
});

it.each(ICONS)('$file is what npm run icons draws', async (icon) => {
  const pixels = (image: string | Buffer) => sharp(image).ensureAlpha().raw().toBuffer();
  const kept = await pixels(join(iconFolder, icon.file));
  const drawn = await pixels(await drawIcon(icon));
  expect(kept.length).toBe(drawn.length);
  // Another version of the renderer may differ by a shade on edges.
  const differences = kept.filter((value, index) => Math.abs(value - (drawn[index] ?? 0)) > 32).length;
  expect(differences / kept.length).toBeLessThan(0.005);
});

it.each(ICONS.filter(({ maskable }) => maskable))(
  '$file fills its corners, and draws nothing outside of the safe circle',
  async ({ file, side }) => {
    const pixels = await sharp(join(iconFolder, file)).ensureAlpha().raw().toBuffer();
    const background = pixels.subarray(0, 4);
    expect(background[3]).toBe(255);
    let outside = 0;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        if (Math.hypot(x + 0.5 - side / 2, y + 0.5 - side / 2) <= 0.4 * side) continue;
        const at = 4 * (y * side + x);
        if (pixels.subarray(at, at + 3).some((value, channel) => Math.abs(value - (background[channel] ?? 0)) > 16))
          outside++;
      }
    }
    expect(outside).toBe(0);
  },
);
