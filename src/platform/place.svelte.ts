import { tick } from 'svelte';

export const labNames = ['chat', 'tokenizer', 'lora', 'quant'] as const;
export type LabName = (typeof labNames)[number];

export interface Address {
  lab: LabName;
  query: URLSearchParams;
}

/** `#/tokenizer?text=…` → the lab, and what it is asked to show. Anything else is the chat. */
export function readHash(hash: string): Address {
  const [path = '', ...query] = hash.replace(/^#\/?/, '').split('?');
  const lab = labNames.find((name) => name === path) ?? 'chat';
  return { lab, query: new URLSearchParams(query.join('?')) };
}

export function hashOf(lab: LabName): string {
  return `#/${lab}`;
}

/** Where in the page the visitor is. Labs that were once visited stay as they were left. */
class Place {
  lab = $state<LabName>('chat');
  query = $state.raw(new URLSearchParams());
  visited = $state.raw<readonly LabName[]>([]);
  #onArrival: ((address: Address) => void)[] = [];

  /** Goes where the address points, now and whenever it changes. */
  follow(): void {
    this.#go(readHash(location.hash));
    window.addEventListener('hashchange', () => {
      this.#go(readHash(location.hash));
      void this.enter();
    });
  }

  /** Called now and at each arrival. */
  onArrival(listener: (address: Address) => void): void {
    this.#onArrival.push(listener);
    listener({ lab: this.lab, query: this.query });
  }

  /** Moves the focus into the lab: its `main` has the lab's name as id. */
  async enter(): Promise<void> {
    await tick();
    document.getElementById(this.lab)?.focus({ preventScroll: true });
  }

  #go(address: Address): void {
    this.lab = address.lab;
    this.query = address.query;
    if (!this.visited.includes(address.lab)) this.visited = [...this.visited, address.lab];
    for (const listener of this.#onArrival) listener(address);
  }
}

export const place = new Place();
