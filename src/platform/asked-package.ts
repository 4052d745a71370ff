import { packageUrl } from './package-url.ts';

export type AskedPackage = { type: 'none' } | { type: 'ok'; url: string } | { type: 'refused'; asked: string };

/**
 * `?package=FOLDER` in the address: the package that is opened in place of the built-in one. Only from the page's own site: a
 * link must not make a visitor download gigabytes from elsewhere.
 * @param search of the page's address
 * @param page address that the folder is relative to
 */
export function askedPackage(search: string, page: string): AskedPackage {
  const asked = new URLSearchParams(search).get('package');
  if (asked === null) return { type: 'none' };
  const folder = packageUrl(asked, page);
  const isOurs = folder.type === 'ok' && new URL(folder.url).origin === new URL(page).origin;
  return isOurs ? folder : { type: 'refused', asked };
}
