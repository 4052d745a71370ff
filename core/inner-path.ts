/**
 * Whether a relative path stays inside its folder on every platform: parts separated by "/", none empty, "." or "..".
 * Rejects "\", a separator on Windows; ":", which can begin a drive or a URL; and "%", which can encode any of these.
 */
export function isInnerPath(path: string): boolean {
  // eslint-disable-next-line no-control-regex -- a NUL would end the name in system calls
  if (path.length > 1000 || /[\\:%?#\u0000-\u001f]/u.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
