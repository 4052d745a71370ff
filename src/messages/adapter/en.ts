import type { ko } from './ko.ts';

export const en: Record<keyof typeof ko, string> = {
  'adapter.as-table': 'as a table',
  'adapter.norms.measuring': 'Measuring ‖W‖, the size of the weights',
  'adapter.norms.unknown':
    'The weights of this package cannot be read, so no ratio to ‖W‖ can be given: only the size of what is added is shown.',
  'adapter.heat': 'How much each layer and matrix is changed',
  'adapter.heat.cell': 'Layer {layer}, {target}: {value}',
  'adapter.heat.layer': 'Layer',
  'adapter.heat.hint': 'Arrow keys go from cell to cell. The singular values of the chosen cell are below.',
  'adapter.singular': 'Singular values of {target} in layer {layer}',
  'adapter.singular.facts': 'Adds a change of rank {rank} to a matrix of {rows} × {columns}. Its size now is {update}.',
  'adapter.singular.kept': 'Of {of} singular values {kept} are kept, with {share} of the sum of squares.',
  'adapter.singular.first': 'The first singular value alone holds {share} of the sum of squares.',
  'adapter.singular.number': 'No.',
  'adapter.singular.value': 'Singular value',
  'adapter.singular.share': 'Squares up to here',
};
