/** What the form offers. */
import { SHIPPED_PACKS } from '#core/tokenizer/korean/shipped-packs.ts';

/**
 * Four bits with a second decoder in half precision, four bits, eight bits. Floats are for the command line: they are as large as the
 * checkpoint, and the page would read it several times to turn matrices around.
 */
export const dtypes = ['q4f16', 'q4', 'q8'] as const;
export type MadeDtype = (typeof dtypes)[number];

/** Packs that are shipped beside the page, files of `korean/`; the recommended one first. */
export const packs = [...SHIPPED_PACKS, { name: 'none', tokens: 0, text: 'none' }] as const;
export type PackName = (typeof packs)[number]['name'];

/** Tokens. */
export const contexts = [2048, 4096, 8192, 16_384, 32_768] as const;

/** bake: added to the weights · beside: applied to the finished model in the LoRA lab, where it can be changed */
export const adapterUses = ['bake', 'beside'] as const;
export type AdapterUse = (typeof adapterUses)[number];
