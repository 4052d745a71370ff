/** Sections of the lab, from top to bottom: `lora.<name>` is the title of each in the messages. */
export const sections = ['compare', 'live', 'inside', 'cost'] as const;
export type SectionName = (typeof sections)[number];
