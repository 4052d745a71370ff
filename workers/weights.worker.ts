import { serveJobs } from './jobs/serve.ts';
import { WeightsLab } from './weights/weights.ts';

serveJobs(new WeightsLab().handlers);
