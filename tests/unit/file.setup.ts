/**
 * Test files share a process: starting one for each takes longer than most files do (docs/decisions/0010-test-suite.md). Each begins with
 * modules of its own all the same, and what it stubs ends with it.
 */
import { afterAll, vi } from 'vitest';

vi.resetModules();

afterAll(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});
