/** Sections of the lab, from top to bottom: `train.<name>` is the title of each in the messages. */
export const sections = ['data', 'settings', 'live', 'inside', 'keep', 'large'] as const;
export type SectionName = (typeof sections)[number];
