/** Sections of the lab, from top to bottom: `tokenizer.<name>` is the title of each in the messages. */
export const sections = ['text', 'medicine', 'pairs', 'claims', 'wrong', 'cost', 'train', 'rows'] as const;
export type SectionName = (typeof sections)[number];
