import { Images } from './image/images.ts';
import { serveJobs } from './jobs/serve.ts';

serveJobs(new Images().handlers);
