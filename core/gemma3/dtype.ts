/** Weight formats of a graph, with the names of transformers.js. */
export const DTYPES = ['fp32', 'fp16', 'q8', 'q4', 'q4f16', 'q2'] as const;
export type Dtype = (typeof DTYPES)[number];
