import type { medicine as korean } from './medicine-ko.ts';

export const medicine: Record<keyof typeof korean, string> = {
  'tokenizer.medicine': 'General text and medical text',
  'tokenizer.medicine.short': 'Medical',
  'tokenizer.medicine.lead':
    'A vocabulary learned from general text saves many tokens on news and fewer on clinical notes. The medical ones learned from package inserts, names of diseases and health statutes too.',
  'tokenizer.medicine.table': 'Tokens of general and of medical sentences',
  'tokenizer.medicine.general': 'General sentences',
  'tokenizer.medicine.clinical': 'Medical sentences',
  'tokenizer.medicine.sentences': '{count, plural, one {# sentence} other {# sentences}}',
  'tokenizer.medicine.longer': '{count, plural, one {# sentence longer} other {# sentences longer}}',
  'tokenizer.medicine.note':
    'All these sentences were written for this page, and no vocabulary learned from them. They are few: do not trust the digit behind the point.',
  'tokenizer.medicine.terms': 'Medical terms that became one token',
  'tokenizer.medicine.summary':
    '{name}: of {all} medical terms {one} ({share}) are one token behind a space. With the base vocabulary {before} of them were one token already.',
  'tokenizer.medicine.search': 'Find a term',
  'tokenizer.medicine.search.placeholder': 'such as 심근경색 or stroke',
  'tokenizer.medicine.unlisted': '“{query}” as it stands is not in this list.',
  'tokenizer.medicine.try': 'See it cut in the text box above',
  'tokenizer.medicine.one': 'One token',
  'tokenizer.medicine.several': 'Several tokens',
  'tokenizer.medicine.none': 'No term was found.',
  'tokenizer.medicine.more': 'Show {count, number} more',
  'tokenizer.recommended': 'recommended',
  'tokenizer.name.medical': 'Korean medical +{count}',
  'tokenizer.name.medical.short': 'med +{count}',
  'tokenizer.name.pack.short': '+{count}',
  'tokenizer.rows-cost.title': 'Tokens saved against rows added',
  'tokenizer.rows-cost.lead':
    'Each new token adds a row to the embedding. The model reads its whole output matrix for every token it writes, so a token gets a little slower, while the text gets faster by the tokens it saves. These figures are computed from the shapes of the models, for a q4f16 package; they were not measured on this device.',
  'tokenizer.rows-cost.model': 'Item',
  'tokenizer.rows-cost.parameters': 'Parameters added',
  'tokenizer.rows-cost.files': 'More to download',
  'tokenizer.rows-cost.gpu': 'More GPU memory',
  'tokenizer.rows-cost.read': 'More to read for a token',
  'tokenizer.rows-cost.break-even': 'Break-even in time: tokens to save',
  'tokenizer.rows-cost.saving': 'Tokens saved on the text above',
  'tokenizer.rows-cost.time': 'Time to write the text above',
  'tokenizer.rows-cost.memory': 'Break-even in memory: length of a text in tokens of the base',
  'tokenizer.rows-cost.never': 'nothing saved',
  'tokenizer.rows-cost.tokens': '{count, plural, one {# token} other {# tokens}}',
  'tokenizer.rows-cost.note':
    'Computed behind {context, number} tokens of context. The break-even in memory counts only the KV cache of the layers that keep every token (global layers): local layers keep one window, which fewer tokens of a long text do not make smaller.',
};
