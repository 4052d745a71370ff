/** How a graph stores its weights, as transformers.js names it. */
export const DTYPES = ['fp32', 'fp16', 'q8', 'q4', 'q2'] as const;
export type Dtype = (typeof DTYPES)[number];
