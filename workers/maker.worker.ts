import { serveJobs } from './jobs/serve.ts';
import { Maker } from './maker/maker.ts';

serveJobs(new Maker().handlers);
