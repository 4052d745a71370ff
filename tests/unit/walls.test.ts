/** Every wall of ARCHITECTURE.md stops an import that crosses it, and lets through what it is meant to let through. */
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

/** Rules about imports only: the others want files that TypeScript knows. */
const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => ruleId.startsWith('import-x/'),
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});

async function rulesBroken(filePath: string, line: string): Promise<(string | null)[]> {
  const code = filePath.endsWith('.svelte') ? `<script lang="ts">\n${line}\n</script>\n` : `${line}\n`;
  const [result] = await eslint.lintText(code, { filePath });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
}

const wall = 'import-x/no-restricted-paths';
const node = 'import-x/no-nodejs-modules';

const forbidden: [file: string, line: string, rule: string][] = [
  ['core/gemma3/x.ts', "import { openCheckpoint } from '../../cli/export/checkpoint.ts';", wall],
  ['core/gemma3/x.ts', "import { Engine } from '../../workers/engine/engine.ts';", wall],
  ['core/gemma3/x.ts', "import { wrap } from 'comlink';", wall],
  ['core/gemma3/x.ts', "import type { InferenceSession } from 'onnxruntime-web';", wall],
  ['core/gemma3/x.ts', "export { wrap } from 'comlink';", wall],
  ['core/chat/x.ts', "import type { Stats } from '../protocol/engine.ts';", wall],
  ['core/x.ts', "import type { Stats } from './protocol/engine.ts';", wall],
  ['workers/jobs/x.ts', "import { expose } from 'comlink';", wall],
  ['src/workers/x.ts', "import { wrap } from 'comlink';", wall],
  ['core/gemma3/x.ts', "import { readFile } from 'node:fs/promises';", node],
  ['workers/store/x.ts', "import { Session } from '../../src/chat/session.svelte.ts';", wall],
  ['workers/store/x.ts', "import { openCheckpoint } from '../../cli/export/checkpoint.ts';", wall],
  ['workers/store/x.ts', "import { InferenceSession } from 'onnxruntime-web';", wall],
  ['workers/store/x.ts', "const ort = await import('onnxruntime-web/webgpu');", wall],
  ['workers/tokenizer/x.ts', "import { InferenceSession } from 'onnxruntime-web';", wall],
  ['workers/x.worker.ts', "import type { InferenceSession } from 'onnxruntime-web';", wall],
  ['workers/engine/x.ts', "import { mount } from 'svelte';", wall],
  ['workers/engine/x.ts', "import { AutoTokenizer } from '@huggingface/transformers';", wall],
  ['workers/engine/x.ts', "import { InferenceSession } from 'onnxruntime-node';", wall],
  ['workers/engine/x.ts', "import { join } from 'node:path';", node],
  ['cli/export/x.ts', "import { Engine } from '../../workers/engine/engine.ts';", wall],
  ['cli/export/x.ts', "import { findChromium } from '../../scripts/chromium.ts';", wall],
  ['cli/export/x.ts', "import { InferenceSession } from 'onnxruntime-node';", wall],
  ['cli/export/x.ts', "import { mount } from 'svelte';", wall],
  ['cli/export/x.ts', "import { openModel } from '../evaluate/model.ts';", wall],
  ['cli/evaluate/x.ts', "import { Engine } from '../../workers/engine/engine.ts';", wall],
  ['cli/evaluate/x.ts', "import { loadOrt } from '../../workers/engine/runtime/ort.ts';", wall],
  ['cli/shared/x.ts', "import { InferenceSession } from 'onnxruntime-node';", wall],
  ['workers/engine/model/x.ts', "import { loadOrt } from '../runtime/ort.ts';", wall],
  ['workers/engine/generation/x.ts', "import { Backends } from '../runtime/backends.ts';", wall],
  ['workers/engine/opened.ts', "import { Backends } from './runtime/backends.ts';", wall],
  ['cli/evaluate/x.ts', "import { exportPackage } from '../export/export-package.ts';", wall],
  ['cli/evaluate/x.ts', "import { writePhantomSet } from '../phantoms/phantom-set.ts';", wall],
  ['cli/evaluate/x.ts', "import { InferenceSession } from 'onnxruntime-web';", wall],
  ['cli/evaluate/x.ts', "import { readGolden } from '../../tests/reference/golden.ts';", wall],
  ['cli/korean/x.ts', "import { Engine } from '../../workers/engine/engine.ts';", wall],
  ['cli/korean/x.ts', "import { exportPackage } from '../export/export-package.ts';", wall],
  ['cli/korean/x.ts', "import { mount } from 'svelte';", wall],
  ['cli/korean/x.ts', "import { readGolden } from '../../tests/reference/golden.ts';", wall],
  ['core/tokenizer/x.ts', "import { systemCode } from '../../cli/shared/errors.ts';", wall],
  ['src/workers/x.ts', "import { Engine } from '../../workers/engine/engine.ts';", wall],
  ['src/workers/x.ts', "import type { Engine } from '../../workers/engine/engine.ts';", wall],
  ['src/workers/x.ts', "import { InferenceSession } from 'onnxruntime-web';", wall],
  ['src/workers/x.ts', "import Button from '../ui/Button.svelte';", wall],
  ['src/workers/x.ts', "import { join } from 'node:path';", node],
  ['src/ui/X.svelte', "import { t } from '../platform/locale.svelte.ts';", wall],
  ['src/ui/X.svelte', "import type { Stats } from '#core/protocol/engine.ts';", wall],
  ['src/ui/X.svelte', "import { wrap } from 'comlink';", wall],
  ['src/labs/tokenizer/X.svelte', "import ChatLab from '../chat/ChatLab.svelte';", wall],
  ['src/labs/tokenizer/X.svelte', "import Header from '../../shell/Header.svelte';", wall],
  ['src/labs/chat/X.svelte', "import { Engine } from '../../../workers/engine/engine.ts';", wall],
  ['src/labs/tokenizer/X.svelte', "import Papa from 'papaparse';", wall],
  ['src/labs/chat/X.svelte', "import { wrap } from 'comlink';", wall],
  ['src/messages/x.ts', "import { t } from '../platform/locale.svelte.ts';", wall],
  ['src/main.ts', "import { Engine } from '../workers/engine/engine.ts';", wall],
  ['scripts/x.ts', "import { mount } from 'svelte';", wall],
  ['scripts/x.ts', "import { InferenceSession } from 'onnxruntime-node';", wall],
  ['bench/x.ts', "import { mount } from 'svelte';", wall],
  ['core/x.ts', "import { readGolden } from '../tests/reference/golden.ts';", wall],
  ['workers/engine/x.ts', "import { readGolden } from '../../tests/reference/golden.ts';", wall],
  ['cli/export/x.ts', "import { readGolden } from '../../tests/reference/golden.ts';", wall],
  ['src/workers/x.ts', "import { readGolden } from '../../tests/reference/golden.ts';", wall],
  ['scripts/x.ts', "import { readGolden } from '../tests/reference/golden.ts';", wall],
  ['scripts/x.ts', "import { openModel } from '../cli/evaluate/model.ts';", wall],
  ['scripts/x.ts', "import { Engine } from '../workers/engine/engine.ts';", wall],
  ['bench/x.ts', "import { readGolden } from '../tests/reference/golden.ts';", wall],
  ['x.config.ts', "import { readGolden } from './tests/reference/golden.ts';", wall],
];

test.for(forbidden)('%s may not: %s', async ([file, line, rule]) => {
  expect(await rulesBroken(file, line)).toContain(rule);
});

const allowed: [file: string, line: string][] = [
  ['core/gemma3/x.ts', "import { create } from '@bufbuild/protobuf';"],
  ['core/protocol/x.ts', "import type { ChatMessage } from '../chat/message.ts';"],
  ['core/protocol/x.ts', "import type { Job } from './jobs.ts';"],
  ['core/gemma3/x.ts', "import type { ByteSource } from '../bytes.ts';"],
  ['workers/engine/x.ts', "import { InferenceSession } from 'onnxruntime-web/webgpu';"],
  ['workers/engine/x.ts', "import { openPackage } from '../store/package.ts';"],
  ['workers/store/x.ts', "import type { Manifest } from '#core/protocol/manifest.ts';"],
  ['cli/export/x.ts', "import { readFile } from 'node:fs/promises';"],
  ['cli/export/x.ts', "import { Command } from 'commander';"],
  ['cli/evaluate/x.ts', "import { InferenceSession } from 'onnxruntime-node';"],
  ['cli/evaluate/x.ts', "import { loadChat } from '../../workers/engine/chat/chat.ts';"],
  ['cli/shared/runtime/x.ts', "import { InferenceSession } from 'onnxruntime-node';"],
  ['cli/evaluate/x.ts', "import { loadModel } from '../../workers/engine/model/load.ts';"],
  ['workers/engine/runtime/x.ts', "import { loadOrt } from './ort.ts';"],
  ['workers/engine/engine.ts', "import { Backends } from './runtime/backends.ts';"],
  ['cli/evaluate/x.ts', "import { drawExample } from '#core/phantoms/examples.ts';"],
  ['cli/korean/x.ts', "import { createGunzip } from 'node:zlib';"],
  ['cli/korean/x.ts', "import { Command } from 'commander';"],
  ['cli/korean/x.ts', "import { readPack } from '#core/tokenizer/korean/read-pack.ts';"],
  ['workers/tokenizer/x.ts', "import { openTokenizer } from '#core/tokenizer/json/open-tokenizer.ts';"],
  ['src/platform/x.ts', "import Papa from 'papaparse';"],
  ['src/workers/x.ts', "import type { Stats } from '#core/protocol/engine.ts';"],
  ['src/labs/chat/X.svelte', "import Button from '../../ui/Button.svelte';"],
  ['src/labs/chat/X.svelte', "import Messages from './Messages.svelte';"],
  ['src/ui/X.svelte', "import { Dialog } from 'bits-ui';"],
  ['src/shell/X.svelte', "import ChatLab from '../labs/chat/ChatLab.svelte';"],
  ['tests/unit/x.test.ts', "import { InferenceSession } from 'onnxruntime-node';"],
];

test.for(allowed)('%s may: %s', async ([file, line]) => {
  expect(await rulesBroken(file, line)).toEqual([]);
});
