/** An ICU `select` argument. @param texts by value @param other for all other values */
export function choices(name: string, texts: Readonly<Record<string, string>>, other: string): string {
  const listed = Object.entries({ ...texts, other }).map(([value, text]) => `${value} {${text}}`);
  return `{${name}, select, ${listed.join(' ')}}`;
}
