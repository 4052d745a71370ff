/** The packs that stand in `public/korean`, the recommended one first (docs/decisions/0028-medical-vocabulary.md). */
export const SHIPPED_PACKS = [
  { name: 'ko-med-16384', tokens: 16_384, text: 'medical' },
  { name: 'ko-med-8960', tokens: 8960, text: 'medical' },
  { name: 'ko-med-20480', tokens: 20_480, text: 'medical' },
  { name: 'ko-8960', tokens: 8960, text: 'general' },
  { name: 'ko-20480', tokens: 20_480, text: 'general' },
] as const;

export type ShippedPack = (typeof SHIPPED_PACKS)[number];
export type ShippedPackName = ShippedPack['name'];

export const RECOMMENDED_PACK = 'ko-med-16384' satisfies ShippedPackName;

export function shippedPack(name: string): ShippedPack | undefined {
  return SHIPPED_PACKS.find((pack) => pack.name === name);
}
