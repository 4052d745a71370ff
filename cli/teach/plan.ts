/** The steps that make the teaching models, in order: each has a program and a file that exists when it is done. */
import { join } from 'node:path';

export interface Step {
  name: string;
  /** File in the folder of the run that exists when the step is done. */
  done: string;
  /** `python`: a module of training/; `node`: a script of this repository. */
  run: { python: readonly string[] } | { node: readonly string[] };
}

/** Sizes of a run. FULL takes about two and a half hours on two cores, SMOKE about a minute. */
export interface Amounts {
  trainPhantoms: number;
  evaluationPhantoms: number;
  /** Phantoms in the evaluation of a package. */
  packagePhantoms: number;
  /** Phantoms for the task of an adapter. */
  taskPhantoms: number;
  vocabulary: number;
  /** Further arguments of each training stage. */
  base: readonly string[];
  compare: readonly string[];
  expand: readonly string[];
  /** Training steps of the runs that compare initialisations. */
  compareSteps: number;
  expandSteps: number;
  lora: readonly string[];
  initialisations: readonly Initialisation[];
  adapters: readonly Adapter[];
}

export const INITIALISATIONS = ['mean', 'first', 'random'] as const;
export type Initialisation = (typeof INITIALISATIONS)[number];

export interface Adapter {
  name: string;
  task: 'report' | 'patient-side';
  rank: number;
  alpha: number;
  targets: readonly string[];
}

const QVO = ['q_proj', 'v_proj', 'o_proj'] as const;
const ALL = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

export const ADAPTERS: readonly Adapter[] = [
  { name: 'report-r8', task: 'report', rank: 8, alpha: 16, targets: QVO },
  ...[1, 2, 4, 8, 16].map((rank): Adapter => ({
    name: `patient-side-r${rank}`,
    task: 'patient-side',
    rank,
    alpha: 2 * rank,
    targets: QVO,
  })),
  { name: 'patient-side-r8-all', task: 'patient-side', rank: 8, alpha: 16, targets: ALL },
];

export const FULL: Amounts = {
  trainPhantoms: 40_000,
  evaluationPhantoms: 1_000,
  packagePhantoms: 500,
  taskPhantoms: 8_000,
  vocabulary: 220,
  base: ['--evaluation-images', '1000'],
  compare: ['--evaluation-images', '100', '--held-out-every', '20'],
  expand: ['--evaluation-images', '1000', '--review-steps', '250'],
  compareSteps: 160,
  expandSteps: 800,
  lora: ['--steps', '300', '--evaluation-images', '300'],
  initialisations: INITIALISATIONS,
  adapters: ADAPTERS,
};

/** Shows that the parts fit together; too little to learn anything. */
export const SMOKE: Amounts = {
  trainPhantoms: 300,
  evaluationPhantoms: 8,
  packagePhantoms: 4,
  taskPhantoms: 40,
  vocabulary: 64,
  base: [
    ...['--vision-steps', '2', '--vision-images', '8', '--steps', '2', '--review-steps', '2'],
    ...['--images', '2', '--conversations', '2', '--evaluation-images', '4'],
  ],
  compare: ['--images', '2', '--conversations', '2', '--evaluation-images', '4'],
  expand: ['--images', '2', '--conversations', '2', '--evaluation-images', '4', '--review-steps', '2'],
  compareSteps: 7,
  expandSteps: 7,
  lora: ['--steps', '2', '--pool', '8', '--evaluation-images', '4'],
  initialisations: ['mean'],
  adapters: ADAPTERS.slice(0, 1),
};

export const MODELS = ['teaching-base', 'teaching-ko'] as const;
export type Model = (typeof MODELS)[number];

/** Precisions that are evaluated; q4 is shipped. */
export const DTYPES = ['fp32', 'q4', 'q2'] as const;

/** Arguments of Node that export a teaching model, the script first. */
export function exportArguments(
  model: Model,
  dtype: (typeof DTYPES)[number],
  checkpoint: string,
  out: string,
): readonly string[] {
  return [
    ...['cli/export/main.ts', '--checkpoint', checkpoint, '--out', out, '--dtype', dtype, '--context', '1024'],
    ...['--name', `${model}-${dtype}`, '--teaches', 'phantoms', '--notice', NOTICE],
  ];
}

/** Seed of the set for evaluating packages. The training stages report on the set of seed 0. */
export const EVALUATION_SEED = 1;

/** @param folder absolute path of the run, where every step reads and writes */
export function plan(folder: string, seed: number, amounts: Amounts): Step[] {
  const at = (...path: string[]) => join(folder, ...path);
  const checkpoints: Record<Model, string> = {
    'teaching-base': 'base/checkpoint',
    'teaching-ko': 'expand/checkpoint',
  };
  const phantoms = (name: string, split: string, count: number, ...more: string[]): Step => ({
    name: `phantoms ${name}`,
    done: `${name}/meta.json`,
    run: {
      node: [
        ...['cli/phantoms/main.ts', '--seed', `${seed}`, '--count', `${count}`],
        ...['--split', split, '--out', at(name), ...more],
      ],
    },
  });
  const korean = (what: string, done: string, ...more: string[]): Step => ({
    name: `korean ${what}`,
    done,
    run: {
      node: ['cli/korean/main.ts', what, '--base', at('base/checkpoint/tokenizer.json'), ...more, '--out', at(done)],
    },
  });
  const expand = (name: string, init: Initialisation, steps: number, more: readonly string[]): Step => ({
    name: `expand, ${init}, ${steps} steps`,
    done: `${name}/evaluation.json`,
    run: {
      python: [
        ...['teaching.expand', '--checkpoint', at('base/checkpoint'), '--merged-tokenizer', at('ko-tokenizer.json')],
        ...['--data', at('train'), '--evaluation', at('evaluation'), '--out', at(name)],
        ...['--init', init, '--seed', `${seed}`, '--steps', `${steps}`, ...more],
      ],
    },
  });
  const tasks = [...new Set(amounts.adapters.map(({ task }) => task))];

  return [
    phantoms('train', 'train', amounts.trainPhantoms),
    phantoms('evaluation', 'evaluation', amounts.evaluationPhantoms),
    {
      name: 'base',
      done: 'base/evaluation.json',
      run: {
        python: [
          ...['teaching.base', '--data', at('train'), '--evaluation', at('evaluation'), '--out', at('base')],
          ...['--seed', `${seed}`, ...amounts.base],
        ],
      },
    },
    {
      name: 'Korean texts',
      done: 'korean.txt',
      run: { python: ['teaching.texts', '--data', at('train'), '--language', 'ko', '--out', at('korean.txt')] },
    },
    korean('train', 'ko-pack.json', '--text', at('korean.txt'), '--tokens', `${amounts.vocabulary}`),
    korean('merge', 'ko-tokenizer.json', '--pack', at('ko-pack.json')),
    // Short runs that differ only in the initialisation, for comparison; then the run that is shipped.
    ...amounts.initialisations.map((init) => expand(`compare-${init}`, init, amounts.compareSteps, amounts.compare)),
    expand('expand', 'mean', amounts.expandSteps, amounts.expand),
    ...tasks.flatMap((task) => [
      phantoms(`train-${task}`, 'train', amounts.taskPhantoms, '--task', task),
      phantoms(`evaluation-${task}`, 'evaluation', amounts.evaluationPhantoms, '--task', task),
    ]),
    ...amounts.adapters.map(({ name, task, rank, alpha, targets }): Step => ({
      name: `adapter ${name}`,
      done: `adapters/${name}/evaluation.json`,
      run: {
        python: [
          ...['teaching.lora', '--checkpoint', at(checkpoints['teaching-ko']), '--data', at(`train-${task}`)],
          ...['--evaluation', at(`evaluation-${task}`), '--out', at('adapters', name), '--seed', `${seed}`],
          ...['--base-evaluation', at('evaluation'), '--name', 'teaching-ko'],
          // The new skill must not replace the others, so their questions are trained again.
          ...(task === 'patient-side' ? ['--keep', at('train')] : []),
          ...['--rank', `${rank}`, '--alpha', `${alpha}`, '--targets', targets.join(','), ...amounts.lora],
        ],
      },
    })),
    ...MODELS.flatMap((model): Step[] => {
      const half = `models/${model}-fp16`;
      return [
        {
          name: `${model} in fp16`,
          done: `${half}/model.safetensors`,
          run: { python: ['teaching.half', '--checkpoint', at(checkpoints[model]), '--out', at(half)] },
        },
        ...DTYPES.flatMap((dtype): Step[] => {
          const folder = `models/${model}-${dtype}`;
          const evaluation = (file: string, ...more: string[]): Step => ({
            name: `evaluate ${model} ${dtype} ${more.join(' ')}`.trim(),
            done: `evaluations/${file}`,
            run: {
              node: [
                ...['cli/evaluate/main.ts', '--package', at(folder), '--seed', `${EVALUATION_SEED}`],
                ...['--count', `${amounts.packagePhantoms}`, '--out', at('evaluations', file), ...more],
              ],
            },
          });
          return [
            {
              name: `export ${model} ${dtype}`,
              done: `${folder}/manifest.json`,
              // fp32 comes from training; the others from the shipped fp16 checkpoint, so that anybody can make them again.
              run: {
                node: exportArguments(model, dtype, at(dtype === 'fp32' ? checkpoints[model] : half), at(folder)),
              },
            },
            evaluation(`${model}-${dtype}.json`),
            ...(dtype === 'fp32' ? [evaluation(`${model}-${dtype}-blank.json`, '--blank')] : []),
          ];
        }),
      ];
    }),
  ];
}

const NOTICE =
  'A small model that was trained for teaching, on drawn phantoms only. It has no medical knowledge and no weights of MedGemma.';
