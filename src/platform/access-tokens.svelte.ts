import { SvelteMap } from 'svelte/reactivity';
import { readKiosk } from './kiosk.ts';
import { readStored, removeStored, writeStored } from './stored.ts';

const key = 'access-tokens';

/** What a header can carry; every token that a host gives is of these characters. */
const wellFormed = /^[\x21-\x7e]{1,1000}$/u;

/**
 * Access tokens for hosts that ask for one, by origin: `https://huggingface.co`. They are forgotten with the page unless
 * the visitor asks to keep them.
 */
class AccessTokens {
  readonly #tokens = new SvelteMap<string, string>();
  /** Origins whose token is kept in this browser. */
  readonly #kept = new Set<string>();
  readonly #isKiosk = readKiosk(globalThis.location?.search ?? '') !== undefined;

  constructor() {
    if (this.#isKiosk) return;
    for (const [origin, token] of stored()) {
      this.#tokens.set(origin, token);
      this.#kept.add(origin);
    }
  }

  /** False on a machine for many people. */
  get canKeep(): boolean {
    return !this.#isKiosk;
  }

  /** Hosts that have a token. */
  get hosts(): string[] {
    return [...this.#tokens.keys()].map((origin) => new URL(origin).host);
  }

  of(url: string): string | undefined {
    return URL.canParse(url) ? this.#tokens.get(new URL(url).origin) : undefined;
  }

  /** @returns false if no host could have given such a token */
  set(url: string, token: string, isKept: boolean): boolean {
    if (!wellFormed.test(token)) return false;
    const { origin } = new URL(url);
    this.#tokens.set(origin, token);
    if (isKept && this.canKeep) this.#kept.add(origin);
    else this.#kept.delete(origin);
    this.#save();
    return true;
  }

  forgetAll(): void {
    this.#tokens.clear();
    this.#kept.clear();
    this.#save();
  }

  #save(): void {
    if (this.#isKiosk) return;
    const kept = [...this.#tokens].filter(([origin]) => this.#kept.has(origin));
    if (kept.length > 0) writeStored(key, JSON.stringify(Object.fromEntries(kept)));
    else removeStored(key);
  }
}

/** A token would be readable on the way over plain http. */
export function canSendToken(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** Fields of sources that say where they come from. */
const ADDRESSES: ReadonlySet<string> = new Set(['url', 'root', 'endpoint']);

/** The same source with the token for its host. What is posted to a worker needs it; what is shown or shared does not. */
export function withToken<Source extends { type: string }>(source: Source): Source {
  const address = Object.entries(source).find(([name]) => ADDRESSES.has(name))?.[1];
  const token = typeof address === 'string' ? accessTokens.of(address) : undefined;
  return token === undefined ? source : { ...source, token };
}

/** The stored text may have been edited by hand: bad entries are ignored. */
function stored(): [origin: string, token: string][] {
  let kept: unknown;
  try {
    kept = JSON.parse(readStored(key) ?? '{}');
  } catch {
    return [];
  }
  if (typeof kept !== 'object' || kept === null) return [];
  return Object.entries(kept).flatMap(([origin, token]: [string, unknown]): [string, string][] =>
    typeof token === 'string' && wellFormed.test(token) && URL.canParse(origin)
      ? [[new URL(origin).origin, token]]
      : [],
  );
}

export const accessTokens = new AccessTokens();
