import { expose } from 'comlink';
import type { WeightsApi } from '#core/protocol/weights.ts';
import { WeightsLab } from './weights/weights.ts';

const weights: WeightsApi = new WeightsLab();
expose(weights);
