/** Preloaded into the process of a step: when it ends, it writes its peak resident memory in bytes to file descriptor 3. */
import { writeSync } from 'node:fs';

process.on('exit', () => {
  // In KiB.
  writeSync(3, String(process.resourceUsage().maxRSS * 1024));
});
