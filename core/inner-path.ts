/**
 * Whether a path stays below the folder it is relative to, on every host: parts between "/", none of them empty, "." or "..".
 * A backslash is a separator on Windows, a colon makes a drive or an address, and "%" may hide any of these.
 */
export function isInnerPath(path: string): boolean {
  // eslint-disable-next-line no-control-regex -- a zero ends a name for the system that opens it
  if (path.length > 1000 || /[\\:%?#\u0000-\u001f]/u.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
