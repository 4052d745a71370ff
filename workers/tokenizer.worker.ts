import { serveJobs } from './jobs/serve.ts';
import { TokenizerLab } from './tokenizer/tokenizer-lab.ts';

serveJobs(new TokenizerLab().handlers);
