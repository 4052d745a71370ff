/** The model card in public/models: text with the figures of results.json. */
import { IMAGE_KINDS, KINDS } from '#core/phantoms/question.ts';
import type { Scores } from '#core/phantoms/scores.ts';
import { ADAPTERS, MODELS } from './plan.ts';
import type { Metrics, Results } from './results.ts';

const percent = (fraction: number | undefined) => (fraction === undefined ? '—' : (100 * fraction).toFixed(1));

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function byQuestion(columns: readonly (readonly [string, Scores])[]): string {
  const kinds = KINDS.flatMap((kind) => ['en', 'ko'].map((language) => `${kind} ${language}`));
  const asked = kinds.filter((key) => columns.some(([, scores]) => scores.by_question_and_language[key] !== undefined));
  const row = (name: string, of: (scores: Scores) => number | undefined) => [
    name,
    ...columns.map(([, scores]) => percent(of(scores))),
  ];
  return table(
    ['question, language', ...columns.map(([name]) => name)],
    [
      row('**all**', (scores) => scores.exact_match),
      row('**all about images**', (scores) => scores.exact_match_about_images),
      ...asked.map((key) => row(key.replace(' ', ', '), (scores) => scores.by_question_and_language[key])),
    ],
  );
}

/** Held-out loss of Korean at the steps where it was measured. */
function initialisationTable({ initialisations }: Results): string {
  const figure = (lines: readonly Metrics[], step: number) =>
    lines.find((line) => line['step'] === step)?.['held_out_loss_ko']?.toFixed(3) ?? '—';
  const steps = initialisations.mean.flatMap((line) =>
    line['step'] !== undefined && line['held_out_loss_ko'] !== undefined ? [line['step']] : [],
  );
  return table(
    ['step', 'mean', 'first', 'random'],
    steps.map((step) => [
      `${step}`,
      figure(initialisations.mean, step),
      figure(initialisations.first, step),
      figure(initialisations.random, step),
    ]),
  );
}

function adapterTable({ adapters }: Results): string {
  return table(
    ['adapter', 'rank', 'α', 'projections', 'parameters', 'task without', 'task with', 'base questions with'],
    ADAPTERS.flatMap(({ name }) => {
      const made = adapters[name];
      if (!made) return [];
      const about = (scores: Scores) => percent(scores.exact_match_about_images);
      return [
        [
          ...[
            name,
            `${made.rank}`,
            `${made.alpha}`,
            made.targets.map((target) => target.replace('_proj', '')).join(', '),
          ],
          ...[made.parameters.toLocaleString('en'), about(made.without_adapter), about(made.with_adapter)],
          about(made.base_task_with_adapter),
        ],
      ];
    }),
  );
}

/** @param bytes size of public/models without this card */
export function modelCard(results: Results, bytes: number): string {
  const { models, times } = results;
  const count = (scores: Scores | undefined) => (scores ? scores.count.toLocaleString('en') : '—');
  const packages = (model: (typeof MODELS)[number]) => {
    const found = models[model].packages;
    const columns: [string, Scores][] = [];
    for (const [name, label] of [
      ['fp32', 'fp32'],
      ['fp32-blank', 'fp32, image blanked'],
      ['q4', 'q4 (shipped)'],
      ['q2', 'q2'],
    ] as const) {
      const scores = found[name];
      if (scores) columns.push([label, scores]);
    }
    return byQuestion(columns);
  };
  const korean = (model: (typeof MODELS)[number]) => models[model].packages['fp32'];
  const [before, after] = [korean('teaching-base'), korean('teaching-ko')];
  const fewer = (of: (scores: Scores) => number | undefined): string => {
    const [from, to] = [before && of(before), after && of(after)];
    return from === undefined || to === undefined
      ? '—'
      : `${from.toFixed(1)} → ${to.toFixed(1)} (−${percent(1 - to / from)} %)`;
  };
  const minutes = (times.reduce((total, { seconds }) => total + seconds, 0) / 60).toFixed(0);
  return `# Teaching models

**They have no medical knowledge.** They are no MedGemma and hold none of its weights: 3.7 million parameters of the same architecture
(Gemma 3 with a SigLIP tower), trained from nothing on [phantoms](../../core/phantoms/phantom.ts), images drawn in the manner of scans,
to answer questions about them in Korean and English. They are there so that quantization, LoRA and a Korean vocabulary can be watched
at work on any laptop. Made by \`npm run teach\` and written here by \`npm run teach:ship\`, this text included; every figure is in
[results.json](results.json).

| folder | what |
| --- | --- |
| \`teaching-base-q4\`, \`teaching-ko-q4\` | model packages in 4 bits (block 32), vision tower in 8; the page opens \`teaching-ko-q4\`. Not in git: \`npm run models\` makes them from the next, and \`dev\`, \`build\`, \`demo\` and \`test\` call it |
| \`teaching-base-fp16\`, \`teaching-ko-fp16\` | the same in half precision, as Hugging Face checkpoints |
| \`adapters/*\` | LoRA adapters for \`teaching-ko\` in PEFT's files |
| \`packages.json\` | SHA-256 of each file of the packages that were evaluated; a test holds the packages to it |

Together ${(bytes / 1e6).toFixed(1)} MB. \`base\` has a tokenizer that was learnt from English; \`ko\` is the same model with a Korean vocabulary merged in and trained in
the stages of EEVE ([training/README.md](../../training/README.md)).

## Exact match

An answer counts if it is the right one word for word. Percent of ${count(models['teaching-base'].packages['fp32'])} questions about phantoms that no training has seen (set 1 of the split
\`evaluation\`) and of those that need no image, generated in Node from the exported packages: \`npm run evaluate -- --package DIR --seed 1 --count N\`.
With the image blanked a model can only guess: that is the floor to hold the others against.

### teaching-base

${packages('teaching-base')}

### teaching-ko

${packages('teaching-ko')}

The same checkpoints in PyTorch on another set (seed 0, ${count(models['teaching-base'].pytorch.seen)} questions): base ${percent(models['teaching-base'].pytorch.seen.exact_match)} %, blanked
${percent(models['teaching-base'].pytorch.blank.exact_match)} %; ko ${percent(models['teaching-ko'].pytorch.seen.exact_match)} %, blanked ${percent(models['teaching-ko'].pytorch.blank.exact_match)} %.

## What the Korean vocabulary saves

Tokens of a text, mean over the evaluation set, base → ko:

| | Korean | English |
| --- | --- | --- |
| question | ${fewer((scores) => scores.prompt_tokens['ko'])} | ${fewer((scores) => scores.prompt_tokens['en'])} |
| answer | ${fewer((scores) => scores.tokens_per_answer['ko'])} | ${fewer((scores) => scores.tokens_per_answer['en'])} |

Perplexity of the right answers a token is ${before?.perplexity['ko']?.toFixed(4) ?? '—'} in Korean and ${before?.perplexity['en']?.toFixed(4) ?? '—'} in English for base, ${after?.perplexity['ko']?.toFixed(4) ?? '—'} and ${after?.perplexity['en']?.toFixed(4) ?? '—'} for ko;
tokens differ, so that the Korean figures are not of the same thing.

## How new rows begin

Held-out loss a Korean token after so many steps, three runs that differ in nothing else (the shipped one starts from the mean, is longer, and ends with a review).
Curves in results.json.

${initialisationTable(results)}

## Adapters

Percent of questions about images answered right. \`report\` changes the manner: every question about an image is answered with a structured report.
\`patient-side\` is a skill that the model lacks: where a lesion lies for the patient, whose right is on the left of the image.
Measured in PyTorch on phantoms of the split \`evaluation\`; "base questions with" tells what became of the questions that the model could answer before.

${adapterTable(results)}

## Recipe

\`npm run teach\`, ${new Set(times.map(({ step }) => step)).size} steps in ${minutes} minutes on two processor cores, beside other work, with torch ${results.torch}; each step and its options are in
[cli/teach/plan.ts](../../cli/teach/plan.ts), amounts and seed of this run in results.json. On the same machine the same seed gives the same
weights; other processors round differently.

## Limits

- ${IMAGE_KINDS.length} kinds of questions, in the phrasings it was trained on. Other words get an answer that looks the same and means nothing.
- It knows images of 64 × 64 grey pixels with at most three lesions. A photograph or a real scan is no phantom: its answer is worthless.
- Exact match on drawn images says nothing about medicine, nor about how a Korean vocabulary or 4 bits do to MedGemma.
`;
}
