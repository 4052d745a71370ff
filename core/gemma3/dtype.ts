/** How a graph stores its weights, as transformers.js names it. */
export type Dtype = 'fp32' | 'fp16' | 'q8' | 'q4' | 'q2';
