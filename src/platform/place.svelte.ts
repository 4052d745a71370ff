import { tick } from 'svelte';

export const labNames = ['chat', 'tokenizer', 'lora', 'train', 'quant', 'exam', 'bench', 'plan'] as const;
export type LabName = (typeof labNames)[number];

export interface Address {
  lab: LabName;
  query: URLSearchParams;
}

/** Reads `#/tokenizer?text=…` as the lab and its query. An unknown lab gives the chat. */
export function readHash(hash: string): Address {
  const [path = '', ...query] = hash.replace(/^#\/?/, '').split('?');
  const lab = labNames.find((name) => name === path) ?? 'chat';
  return { lab, query: new URLSearchParams(query.join('?')) };
}

export function hashOf(lab: LabName): string {
  return `#/${lab}`;
}

/** The lab that is shown, after the address. `visited` labs stay mounted, so they keep their state. */
class Place {
  lab = $state<LabName>('chat');
  query = $state.raw(new URLSearchParams());
  visited = $state.raw<readonly LabName[]>([]);
  #onArrival: ((address: Address) => void)[] = [];

  /** Shows the lab of the address, now and at every change of the hash. */
  follow(): void {
    this.#go(readHash(location.hash));
    window.addEventListener('hashchange', () => {
      this.#go(readHash(location.hash));
      void this.enter();
    });
  }

  /** Calls `listener` now and at every change of the address. */
  onArrival(listener: (address: Address) => void): void {
    this.#onArrival.push(listener);
    listener({ lab: this.lab, query: this.query });
  }

  /** Moves the focus into the lab: its `main` has the lab's name as id. */
  async enter(): Promise<void> {
    await tick();
    const main = document.getElementById(this.lab);
    main?.focus({ preventScroll: true });
    // Moves something only where the page itself scrolls, in short windows (see App.svelte).
    main?.scrollIntoView();
  }

  #go(address: Address): void {
    this.lab = address.lab;
    this.query = address.query;
    if (!this.visited.includes(address.lab)) this.visited = [...this.visited, address.lab];
    for (const listener of this.#onArrival) listener(address);
  }
}

export const place = new Place();
