/** A machine that many people use one after the other. */
export interface Kiosk {
  /** Seconds without a touch after which the page goes back to its beginning. */
  idleSeconds: number;
}

const DEFAULT_SECONDS = 90;
const [LEAST_SECONDS, MOST_SECONDS] = [10, 3600];

/**
 * `?kiosk` in the address, or `?kiosk=SECONDS`. Nothing of a conversation is written to the machine, and nothing that was written
 * earlier is shown. Undefined without it, and for `?kiosk=0` and `?kiosk=false`.
 */
export function readKiosk(search: string): Kiosk | undefined {
  const asked = new URLSearchParams(search).get('kiosk');
  if (asked === null || asked === '0' || asked === 'false') return undefined;
  const seconds = /^\d+$/u.test(asked) ? Number(asked) : DEFAULT_SECONDS;
  return { idleSeconds: Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, seconds)) };
}

/** The same address without the kiosk. */
export function withoutKiosk(address: string): string {
  const url = new URL(address);
  url.searchParams.delete('kiosk');
  return url.href;
}

/**
 * Where visitors find this page with their own devices: the address that the build was given, else that of the page. Undefined for
 * an address that only this machine has.
 * @param given `VITE_PUBLIC_ADDRESS`
 */
export function publicAddress(given: string | undefined, page: string): string | undefined {
  if (given !== undefined && given !== '') return given;
  const { protocol, hostname, origin, pathname } = new URL(page);
  const isOwn = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/u.test(hostname);
  return (protocol === 'https:' || protocol === 'http:') && !isOwn ? origin + pathname : undefined;
}

/** What editing needs, also with Ctrl or Cmd, and R, which brings the same page again. */
const EDITING =
  /^(Key[ACVXZYR]|Arrow(Left|Right|Up|Down)|Home|End|Backspace|Delete|Enter|(Control|Meta|Shift|Alt)(Left|Right))$/u;

/**
 * True for keys that make the browser do something beside the page: print, save, open a file, look into the page, enlarge it, go
 * back. Some of a browser's keys reach no page (a new window, the end of a tab); its own kiosk mode has them.
 */
export function isBrowserKey(
  event: Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'metaKey' | 'altKey'> & { isAltGraph: boolean },
): boolean {
  const { code, ctrlKey, metaKey, altKey, isAltGraph } = event;
  // F5 brings the same page again.
  if (/^F\d+$/u.test(code)) return code !== 'F5';
  if (isAltGraph) return false;
  if (altKey && !ctrlKey && !metaKey) return /^(Arrow(Left|Right)|Home)$/u.test(code);
  return (ctrlKey || metaKey) && !EDITING.test(code);
}
