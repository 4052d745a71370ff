/** What vitest.config.ts tells the tests in the browser. */
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the engine runs in tests that are not about WebGPU itself. */
    provider: 'wasm' | 'webgpu';
    /** `npm run test:full` */
    full: boolean;
  }
}

export const provider = inject('provider');
export const full = inject('full');
