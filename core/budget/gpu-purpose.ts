/**
 * What a GPU buffer is for. weights: of the text model · vision: weights of the vision encoder · lora: A and B of the adapters · kv: the
 * KV cache · images: features of images, and what the encoder computes with · scratch: everything else, also of the runtime
 */
export const GPU_PURPOSES = ['weights', 'vision', 'lora', 'kv', 'images', 'scratch'] as const;
export type GpuPurpose = (typeof GPU_PURPOSES)[number];
