import { serveJobs } from './jobs/serve.ts';
import { Trainer } from './trainer/trainer.ts';

serveJobs(new Trainer().handlers);
