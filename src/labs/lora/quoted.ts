/** Memory that training an adapter of MedGemma 4B is commonly said to take, in bytes. */
export const quotedTraining = { lora: 10e9, qlora: 4.5e9 } as const;
