/** A worker with jobs that end, that never end, and that break it. */
import type { Job } from '#core/protocol/jobs.ts';
import { serveJobs } from '../../../workers/jobs/serve.ts';

export interface HangJobs {
  echo: Job<string, { text: string }>;
  /** Tells that it began, and then holds the worker for ever. */
  loop: Job<undefined, object, { type: 'progress' }>;
  /** Waits for ever, and hears Stop. */
  wait: Job<undefined>;
  /** Throws where nobody catches it. */
  crash: Job<undefined>;
  /** Ends the worker from inside, without a word. */
  vanish: Job<undefined>;
}

serveJobs<HangJobs>({
  echo: { mode: 'concurrent', run: (text) => ({ text }) },
  loop: {
    mode: 'queue',
    run: (_, job) => {
      job.emit({ type: 'progress' });
      for (;;);
    },
  },
  wait: {
    mode: 'concurrent',
    run: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  },
  crash: {
    mode: 'concurrent',
    run: () =>
      new Promise(() => {
        setTimeout(() => {
          throw new Error('broken off');
        });
      }),
  },
  vanish: {
    mode: 'concurrent',
    run: () =>
      new Promise(() => {
        self.close();
      }),
  },
});
