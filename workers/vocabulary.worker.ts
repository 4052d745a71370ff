import { serveJobs } from './jobs/serve.ts';
import { VocabularyLab } from './vocabulary/vocabulary.ts';

serveJobs(new VocabularyLab().handlers);
