/** README.md beside the adapter. */
import { basename } from 'node:path';
import { adapterCard, type AdapterCard, type CurvePoint } from '#core/lora/training/adapter-card.ts';
import type { LoraLayout } from '#core/lora/training/parameters.ts';
import type { TrainingCurve } from './run-steps.ts';

export interface CardInput extends Pick<AdapterCard, 'baseModel' | 'dtype' | 'rows' | 'settings'> {
  layout: LoraLayout;
  /** Path of the data file. */
  data: string;
}

export function cardOf(curve: TrainingCurve, { layout, data, ...about }: CardInput): string {
  return adapterCard(
    {
      ...about,
      ...{ where: 'node', data: { type: 'file', name: basename(data) } },
      ...{ lora: layout.settings, parameters: layout.length, step: curve.steps.length, curve: pointsOf(curve) },
    },
    'en',
  );
}

/** Where held-out rows were measured, and the end; the loss is the mean of the steps since the point before. */
function pointsOf({ steps, heldOut }: TrainingCurve): CurvePoint[] {
  const measured = new Map(heldOut.map(({ step, ...measure }) => [step, measure]));
  const at = [...new Set([...measured.keys(), steps.length])].sort((a, b) => a - b);
  return at.map((step, index) => {
    const since = steps.slice(index === 0 ? 0 : at[index - 1], step);
    const loss = since.reduce((sum, each) => sum + each.loss, 0) / since.length;
    return { step, loss: since.length > 0 ? loss : undefined, heldOut: measured.get(step) };
  });
}
