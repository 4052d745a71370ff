import { serveJobs } from './jobs/serve.ts';
import { handlers } from './store/library/library.ts';

serveJobs(handlers);
