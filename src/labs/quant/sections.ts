/** Sections of the lab, from top to bottom: `quant.<name>` is the title of each in the messages. */
export const sections = ['guide', 'microscope', 'whole', 'answers'] as const;
export type SectionName = (typeof sections)[number];
