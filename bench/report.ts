/** Formats runs as a table: figures of both engines, and the ratio ours ÷ peer of each pair of runs. */
import { firstDifference, spreadOf } from '#core/run-card/spread.ts';
import { CALLS, type Run } from './run.ts';

export interface Pair {
  ours: Run;
  peer: Run;
}

interface Metric {
  name: string;
  unit: string;
  digits: number;
  of(run: Run): number;
}

const MB = 1e6;

function metrics(pairs: readonly Pair[]): Metric[] {
  const seconds = (name: string, of: (run: Run) => number): Metric => ({
    name,
    unit: 's',
    digits: 2,
    of: (run) => of(run) / 1000,
  });
  const megabytes = (name: string, of: (run: Run) => number): Metric => ({
    name,
    unit: 'MB',
    digits: 1,
    of: (run) => of(run) / MB,
  });
  const atLength = (index: number, tokens: number): Metric[] => {
    const at = (run: Run) => {
      const timed = run.timed[index];
      if (!timed) throw new Error(`no answer at ${tokens} tokens`);
      return timed;
    };
    return [
      seconds(`time to first token, ${tokens}`, (run) => at(run).answer.firstTokenMilliseconds),
      {
        name: `prefill, ${tokens}`,
        unit: 'tok/s',
        digits: 1,
        of: (run) => (at(run).answer.promptTokens / at(run).answer.prefillMilliseconds) * 1000,
      },
      { name: `decode at ${tokens}`, unit: 'tok/s', digits: 2, of: (run) => at(run).answer.decodeTokensPerSecond },
      ...CALLS.map((call): Metric => ({
        name: `${LABELS[call]} a token at ${tokens}`,
        unit: '',
        digits: 1,
        of: (run) => at(run).perToken[call],
      })),
      {
        name: `processor time of the worker a token at ${tokens}`,
        unit: 'ms',
        digits: 2,
        of: (run) => at(run).perToken.hostMilliseconds,
      },
    ];
  };
  return [
    seconds('load, first visit', (run) => run.firstLoadMilliseconds),
    seconds('load, files kept', (run) => run.loadMilliseconds),
    seconds('load and first token of the first answer', (run) => run.loadMilliseconds + run.firstAnswerMilliseconds),
    ...(pairs[0]?.ours.timed ?? []).flatMap(({ tokens }, index) => atLength(index, tokens)),
    { name: 'pipelines, loaded', unit: '', digits: 0, of: (run) => run.loadedPipelines },
    { name: 'pipelines, in all', unit: '', digits: 0, of: (run) => run.pipelines },
    megabytes('GPU bytes, loaded', (run) => run.loadedGpuBytes),
    megabytes('GPU bytes, peak', (run) => run.peakGpuBytes),
    megabytes('JS heap, peak at first visit', (run) => run.firstLoadHeap.usedBytes),
    megabytes('ArrayBuffers, peak at first visit', (run) => run.firstLoadHeap.backingBytes),
    megabytes('JS heap, peak after', (run) => run.heap.usedBytes),
    megabytes('ArrayBuffers, peak after', (run) => run.heap.backingBytes),
    megabytes('wasm memory', (run) => run.wasmBytes),
  ];
}

const LABELS: Record<(typeof CALLS)[number], string> = {
  dispatches: 'dispatches',
  indirectDispatches: 'indirect dispatches',
  passes: 'compute passes',
  submits: 'submits',
  bindGroups: 'bind groups made',
  writes: 'buffer writes',
  copies: 'buffer copies',
  buffers: 'buffers made',
  errorScopes: 'error scopes',
  maps: 'waits for the GPU',
  readBytes: 'bytes read back',
};

/** Markdown; each cell is median (min–max) over the rounds. */
export function table(pairs: readonly Pair[]): string {
  const rows = metrics(pairs).map(({ name, unit, digits, of }) => {
    const ours = pairs.map((pair) => of(pair.ours));
    const peer = pairs.map((pair) => of(pair.peer));
    const ratios = ours.map((value, index) => value / (peer[index] ?? NaN));
    return [name, unit, spread(ours, digits), spread(peer, digits), spread(ratios, 2)];
  });
  const head = ['', 'unit', 'ours', 'transformers.js', 'ours ÷ peer'];
  return [head, head.map((_, index) => (index < 2 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Median (min–max). */
export function spread(values: readonly number[], digits: number): string {
  const found = spreadOf(values);
  const show = (value = NaN) => (Number.isNaN(value) ? 'n/a' : value.toFixed(digits));
  const [least, most] = [show(found?.least), show(found?.most)];
  return least === most ? least : `${show(found?.median)} (${least}–${most})`;
}

/** Markdown: dispatches per decoded token by kernel, in answer `index` of the first round. */
export function kernelTable(pair: Pair, index: number): string {
  const [ours = {}, peer = {}] = [pair.ours, pair.peer].map(({ timed }) => timed[index]?.perToken.kernels);
  const names = [...new Set([...Object.keys(ours), ...Object.keys(peer)])];
  const rows = names
    .map((name) => ({ name, ours: ours[name] ?? 0, peer: peer[name] ?? 0 }))
    .filter((row) => row.ours > 0 || row.peer > 0)
    .sort((a, b) => b.ours + b.peer - a.ours - a.peer)
    .map((row) => `| ${row.name || '(no label)'} | ${row.ours.toFixed(1)} | ${row.peer.toFixed(1)} |`);
  return ['| kernel, dispatches a token | ours | transformers.js |', '| --- | ---: | ---: |', ...rows].join('\n');
}

/** Whether both engines returned the same ids for each prompt; if not, where they first differ. */
export function agreement(pairs: readonly Pair[]): { agree: boolean; lines: string[] } {
  const lines: string[] = [];
  let agree = true;
  const first = pairs[0]?.ours.timed ?? [];
  for (const [index, { tokens }] of first.entries()) {
    const answers = pairs.flatMap(({ ours, peer }) => [ours, peer].map(({ timed }) => timed[index]?.answer.ids ?? []));
    const [reference = []] = answers;
    const places = answers.map((ids) => firstDifference(reference, ids)).filter((place) => place !== undefined);
    agree &&= places.length === 0;
    lines.push(
      places.length === 0
        ? `${tokens} tokens of prompt: the same ${reference.length} ids in all ${answers.length} answers (${reference.slice(0, 6).join(' ')} …, ${new Set(reference).size} different)`
        : `${tokens} tokens of prompt: answers DIFFER, first at token ${Math.min(...places) + 1} of ${reference.length}`,
    );
  }
  return { agree, lines };
}
