/** Tells things of one name apart: "name", "name (2)", "name (3)". */
export function uniqueName(name: string, taken: ReadonlySet<string>): string {
  let unique = name;
  for (let copy = 2; taken.has(unique); copy++) unique = `${name} (${copy})`;
  return unique;
}
