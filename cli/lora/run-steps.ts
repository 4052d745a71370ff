/** The steps of a run, with a line of progress now and then. */
import type { TokenEmbeddings, TrainingRow } from '#core/lora/training/batch.ts';
import type { RunGraph } from '#core/lora/training/run-graph.ts';
import { measureRows, type LoraTrainer, type Measure, type StepResult } from '#core/lora/training/trainer.ts';
import { printLine, type CommandIo } from '../shared/command.ts';
import { percent } from '../shared/table.ts';

export interface TrainingCurve {
  /** Every step; the loss is that before it. */
  steps: StepResult[];
  /** Of the held-out rows after so many steps. */
  heldOut: (Measure & { step: number })[];
  secondsPerStep: number;
}

export interface StepsInput {
  trainer: LoraTrainer;
  embeddings: TokenEmbeddings;
  /** Runs the loss without gradients. */
  measure: RunGraph;
  heldOut: readonly TrainingRow[];
}

/** Rows that are measured between steps; at the end all are. */
const MEASURED = 100;

/** Ends after the step in which `io.signal` is aborted, with fewer steps than asked for. @throws DivergedError */
export async function runSteps(
  { trainer, embeddings, measure, heldOut }: StepsInput,
  { steps, reportEvery, tokensAtOnce }: { steps: number; reportEvery: number; tokensAtOnce: number },
  io: CommandIo,
): Promise<TrainingCurve> {
  const curve: TrainingCurve = { steps: [], heldOut: [], secondsPerStep: NaN };
  const measured = async (rows: readonly TrainingRow[]): Promise<Measure | undefined> => {
    if (rows.length === 0 || io.signal.aborted) return undefined;
    const { parameters } = trainer;
    const found = await unlessStopped(
      io.signal,
      measureRows(measure, embeddings, parameters, rows, tokensAtOnce, { signal: io.signal }),
    );
    if (found) curve.heldOut.push({ step: trainer.steps, ...found });
    return found;
  };
  const before = await measured(heldOut.slice(0, MEASURED));
  if (before) printLine(io.stderr, `step 0/${steps}${heldOutText(before)}`);
  let seconds = 0;
  let sinceReport = 0;
  for (let done = 1; done <= steps && !io.signal.aborted; done++) {
    const begin = performance.now();
    const result = await trainer.step();
    seconds += (performance.now() - begin) / 1000;
    curve.steps.push(result);
    // Signals are handled between steps.
    await new Promise((resolve) => setImmediate(resolve));
    sinceReport++;
    if (done % reportEvery !== 0 && done < steps && !io.signal.aborted) continue;
    const recent = curve.steps.slice(-sinceReport);
    sinceReport = 0;
    const held = await measured(done === steps ? heldOut : heldOut.slice(0, MEASURED));
    const loss = recent.reduce((sum, step) => sum + step.loss, 0) / recent.length;
    const left = (seconds / done) * (steps - done);
    const text = `step ${done}/${steps}  loss ${loss.toFixed(4)}${held ? heldOutText(held) : ''}`;
    printLine(
      io.stderr,
      `${text}  rate ${result.rate.toExponential(1)}  ${(seconds / done).toFixed(2)} s a step, ${Math.ceil(left)} s left`,
    );
  }
  return { ...curve, secondsPerStep: seconds / curve.steps.length };
}

/** Undefined if the signal broke the work off. */
async function unlessStopped<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error === signal.reason) return undefined;
    throw error;
  }
}

const heldOutText = ({ loss, exact, rows }: Measure) =>
  `  held out ${loss.toFixed(4)}, word for word ${percent(exact / rows)} of ${rows}`;
