/** `npm run demo`: builds the page, serves it, and opens it. */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import open from 'open';
import { build, preview } from 'vite';
import { BASE_VOCABULARY, writeBaseVocabulary } from './base-vocabulary.ts';
import { runNode, tools } from './node-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Whether a browser opened on this machine would be visible. */
function hasDisplay(): boolean {
  const { CI, NO_OPEN, DISPLAY, WAYLAND_DISPLAY, WSL_DISTRO_NAME } = process.env;
  if (CI || NO_OPEN) return false;
  return process.platform !== 'linux' || Boolean(DISPLAY ?? WAYLAND_DISPLAY ?? WSL_DISTRO_NAME);
}

await writeBaseVocabulary(join(root, BASE_VOCABULARY));
if (!(await runNode([...tools.tsx, 'cli/teach/packages.ts']))) process.exit(1);
// Timings of plugins are noise for a person who starts the demo.
const rolldownOptions = { checks: { pluginTimings: false } };
await build({ root, logLevel: 'warn', build: { rolldownOptions }, worker: { rolldownOptions } });
// Vite's default port keeps the browser's stored settings; if it is taken, Vite uses the next free one.
const server = await preview({ root });
const url = server.resolvedUrls?.local[0];
if (url === undefined) throw new Error('the server has no address');

console.log(`
  MedGemma 한국어 랩이 준비되었습니다.
  The page is ready.

      ${url}

  끝내려면 Ctrl+C를 누르세요.
  Ctrl+C ends it.
`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.httpServer.close();
    process.exit(0);
  });
}

if (hasDisplay()) {
  const fallback = () =>
    console.log('  브라우저를 열지 못했습니다. 위 주소를 직접 여세요. / Open the address above yourself.');
  try {
    (await open(url)).once('error', fallback);
  } catch {
    fallback();
  }
}
