import { Engine } from './engine/engine.ts';
import { serveJobs } from './jobs/serve.ts';

serveJobs(new Engine().handlers);
