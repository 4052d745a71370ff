import * as features from './features.ts';
import type { Kind, Kinds } from './features.ts';

const PARTS: readonly [part: string, kinds: Kinds][] = [
  ['normalizer', features.NORMALIZERS],
  ['pre_tokenizer', features.PRE_TOKENIZERS],
  ['model', features.MODELS],
  ['decoder', features.DECODERS],
  ['post_processor', features.POST_PROCESSORS],
];

/** The table of docs/tokenizers.md: part, kind, treatment and fields of a kind. */
export function featureTable(): string[][] {
  const rows = PARTS.flatMap(([part, kinds]) =>
    Object.entries(kinds).map(([kind, { treatment, fields }]) => [`${part}: ${kind}`, treatment, fieldsOf(fields)]),
  );
  return [
    ...rows,
    ['added_tokens', 'exact', fieldsOf(features.ADDED_TOKEN)],
    ['truncation', 'no effect', fieldsOf(features.TRUNCATION)],
    ['padding', 'no effect', fieldsOf(features.PADDING)],
  ];
}

/** `name` for what takes any value of its type; otherwise with the values that are accepted. */
function fieldsOf(fields: Kind['fields']): string {
  const plain = new Set(['true, false', 'true, false, null', 'any text', 'any count', 'not read', 'read whole']);
  return Object.entries(fields)
    .map(([name, { accepts }]) => (plain.has(accepts) ? `\`${name}\`` : `\`${name}\` (${accepts})`))
    .join(', ');
}
