/**
 * Gives the page shared memory, with which the runtime for the CPU has threads, on hosts that send no headers too. The page
 * loads nothing of other origins but by CORS, which `require-corp` allows.
 */
export const ISOLATION: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
