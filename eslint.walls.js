// @ts-check
/** Who may import whom. Resolved paths, so `import()`, `import type` and `#core/…` count like any other import. */
import { readdirSync } from 'node:fs';

const root = import.meta.dirname;

/** @param {string[]} names */
const packages = (...names) => names.map((name) => `./node_modules/${name}`);

/** Everything that draws: Svelte and what is made for it. */
const drawing = packages('svelte', 'bits-ui', '@lucide/svelte', 'uplot', '@internationalized/date');

/** What each folder may import; all else is behind its wall. */
const allowed = {
  core: ['./core', ...packages('@bufbuild/protobuf', 'hyparquet', 'valibot')],
  workers: [
    './workers',
    './core',
    // For the version in manifests.
    './package.json',
    ...packages('onnxruntime-web', '@huggingface/jinja', '@huggingface/transformers'),
  ],
  cli: [
    './cli',
    './core',
    './package.json',
    // Packages are read, and answers generated, by the page's own code; its runtime and its jobs are the browser's.
    './workers/engine/chat',
    './workers/engine/generation',
    './workers/engine/image',
    './workers/engine/lora',
    './workers/engine/model',
    './workers/engine/opened.ts',
    './workers/engine/self-test',
    './workers/engine/training',
    './workers/image',
    './workers/store/reader.ts',
    './scripts/node-process.ts',
    ...packages('@bufbuild/protobuf', 'commander', 'cli-progress', '@types/cli-progress', 'onnxruntime-node', 'sharp'),
  ],
  'src/messages': ['./src/messages', './core'],
  'src/platform': [
    './src/platform',
    './src/messages',
    './core',
    ...packages('svelte', 'intl-messageformat', 'papaparse', '@types/papaparse'),
  ],
  'src/workers': [
    './src/workers',
    './src/platform',
    './core',
    // For their addresses (`?worker&url`): they export nothing.
    './workers/bench.worker.ts',
    './workers/engine.worker.ts',
    './workers/metered-engine.worker.ts',
    './workers/image.worker.ts',
    './workers/tokenizer.worker.ts',
    './workers/vocabulary.worker.ts',
    './workers/preflight.worker.ts',
    './workers/store.worker.ts',
    './workers/weights.worker.ts',
    './workers/maker.worker.ts',
    './workers/trainer.worker.ts',
    ...packages('svelte'),
  ],
  'src/chat': [
    './src/chat',
    './src/workers',
    './src/platform',
    './src/ui',
    './src/messages',
    './core',
    ...packages('marked', 'dompurify', 'idb', 'uqr', 'valibot'),
    ...drawing,
  ],
  'src/ui': ['./src/ui', ...drawing],
  'src/labs': [
    './src/labs',
    // For the versions on a run card.
    './package.json',
    './src/workers',
    './src/chat',
    './src/platform',
    './src/ui',
    './src/messages',
    './core',
    // The exam's questions and runs.
    ...packages('idb'),
    ...drawing,
  ],
  'src/shell': [
    './src/shell',
    './src/labs',
    './src/workers',
    './src/chat',
    './src/platform',
    './src/ui',
    './src/messages',
    './core',
    ...drawing,
  ],
};

const zones = Object.entries(allowed).map(([folder, except]) => ({
  target: `./${folder}`,
  from: '.',
  except,
  message: `${folder} may import ${except.map((path) => path.replace('./node_modules/', '').replace('./', '')).join(', ')}.`,
}));

/** A lab is its own: what two labs need belongs into src/chat, src/platform or src/ui. */
const labs = readdirSync(`${root}/src/labs`).map((lab) => ({
  target: `./src/labs/!(${lab})/**`,
  from: `./src/labs/${lab}`,
  message: 'A lab imports no other lab: move what both need to src/chat, src/platform or src/ui.',
}));

/** A command imports no other command: what two need belongs into cli/shared. */
const commands = [
  'booth',
  'export',
  'generate',
  'korean',
  'lora',
  'evaluate',
  'exam',
  'phantoms',
  'random-checkpoint',
  'record-opening',
  'rehearse',
  'teach',
].map((command) => ({
  target: `./cli/!(${command})/**`,
  from: `./cli/${command}`,
  message: 'A command imports no other command: move what both need to cli/shared.',
}));

export const walls = [
  ...zones,
  {
    target: ['./core/!(protocol)/**', './core/*.ts'],
    from: './core/protocol',
    message: 'core/protocol is the wire: it imports the domain, and the domain does not import it.',
  },
  ...labs,
  ...commands,
  {
    target: [
      './workers/store',
      './workers/tokenizer',
      './workers/vocabulary',
      './workers/weights',
      './workers/maker',
      './workers/trainer',
      './workers/*.ts',
    ],
    from: './node_modules/onnxruntime-web',
    message: 'Only workers/engine runs models.',
  },
  {
    target: ['./workers/!(bench)/**', './workers/*.ts'],
    from: './node_modules/@huggingface/transformers',
    message: 'transformers.js is what we compare with: only workers/bench runs it.',
  },
  {
    target: ['./workers/engine/!(runtime)/**', './workers/engine/opened.ts'],
    from: ['./workers/engine/runtime/ort.ts', './workers/engine/runtime/backends.ts'],
    message: 'The engine gets its backend: these two files run in a browser only, and cli runs the engine in Node.',
  },
  { target: ['./scripts', './bench'], from: drawing, message: 'Only src draws.' },
  {
    target: ['./scripts', './*.{ts,js}', './cli/!(evaluate|shared)/**', './cli/shared/*.ts'],
    from: packages('onnxruntime-node'),
    message: 'onnxruntime-node is for cli/shared/runtime, evaluation, tests and measurements.',
  },
  {
    target: ['./src/*.*'],
    from: ['./workers', './cli', './scripts', './bench'],
    message: 'The page starts workers by URL.',
  },
  {
    // vitest.config.ts sets the tests up and is theirs.
    target: ['./scripts', './bench', './!(vitest).config.*', './eslint.*'],
    from: './tests',
    message: 'Nothing imports tests.',
  },
  {
    target: ['./scripts', './*.{ts,js}'],
    from: ['./src', './workers', './cli', './bench'],
    message: 'Scripts import core only.',
  },
];
