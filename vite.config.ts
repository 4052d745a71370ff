import { existsSync, readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { offline } from './scripts/offline-plugin.ts';

/** Only ourselves and the host that models come from. */
export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self' blob: https://huggingface.co https://*.hf.co https://*.xethub.hf.co",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** In the build only: the dev server needs inline scripts and a WebSocket. */
function strictPolicy(): Plugin {
  return {
    name: 'strict-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/** What goes with a copy of the page: our licence, our notices, and the typeface's licence. */
function licences(): Plugin {
  const texts = {
    'LICENSE.txt': './LICENSE',
    'NOTICE.txt': './NOTICE',
    'Pretendard.txt': './node_modules/pretendard/dist/LICENSE.txt',
  };
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      for (const [name, path] of Object.entries(texts)) {
        const source = readFileSync(new URL(path, import.meta.url));
        this.emitFile({ type: 'asset', fileName: `licenses/${name}`, source });
      }
    },
  };
}

/** Every catalog of messages is in a file `ko.ts` or `en.ts`: its chunk is named after the folder too, `messages-lora-en`. */
function chunkName({ facadeModuleId }: { facadeModuleId: string | null }): string {
  const [, catalog, language] = /[/\\]messages[/\\](\w+)[/\\](\w+)\.ts$/.exec(facadeModuleId ?? '') ?? [];
  return `assets/${catalog && language ? `messages-${catalog}-${language}` : '[name]'}-[hash].js`;
}

/** What git ignores in public/ and other commands make: a page without it would open no model. */
function generatedFiles(): Plugin {
  const commands = {
    './public/tokenizer/gemma3.vocabulary': 'npm run vocabulary',
    './public/models/teaching-ko-q4/manifest.json': 'npm run models',
    './public/models/teaching-base-q4/manifest.json': 'npm run models',
  };
  return {
    name: 'generated-files',
    apply: 'build',
    buildStart() {
      for (const [path, command] of Object.entries(commands)) {
        if (existsSync(new URL(path, import.meta.url))) continue;
        this.error(`${path} is missing: "${command}" makes it, and "npm run build" runs that before it builds`);
      }
    },
  };
}

export default defineConfig({
  // Relative, so that the built page works in any folder of any static host.
  base: './',
  plugins: [svelte(), strictPolicy(), licences(), generatedFiles(), offline()],
  worker: { format: 'es' },
  // No data: URLs for small files: the policy allows fonts from our own address only.
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    license: { fileName: 'licenses/page.md' },
    rolldownOptions: { output: { chunkFileNames: chunkName } },
  },
});
