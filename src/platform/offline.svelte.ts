/** The page's side of the service worker: what is kept for use without a network, and updates (docs/decisions/0020-offline.md). */
import type { OfflineFailure, OfflineRequest, OfflineState } from '#core/protocol/offline.ts';

/** Written by the build beside index.html. */
const SERVICE_WORKER = 'service-worker.js';
/** A page that stays open for weeks asks for updates too. */
const UPDATE_MILLISECONDS = 3_600_000;
const BUSY_MILLISECONDS = 500;
/** A service worker that does not answer for so long was ended by the browser. */
const ANSWER_MILLISECONDS = 330_000;

export type OfflineStatus =
  /** Not asked yet. */
  | 'unknown'
  /** The browser has no service workers: not over HTTPS, a private window, or too old. */
  | 'unavailable'
  /** The browser saves data, so that the visitor is asked. */
  | 'save-data'
  | 'keeping'
  | 'ready'
  | 'failed';

export type UpdateStatus =
  | 'none'
  /** A newer version is kept, and waits. */
  | 'waiting'
  /** Another tab changed to a newer version; this one still runs the version before. */
  | 'elsewhere';

class Offline {
  status = $state<OfflineStatus>('unknown');
  failure = $state<OfflineFailure>();
  /** Of `totalBytes`; both 0 until the service worker has said. */
  keptBytes = $state(0);
  totalBytes = $state(0);
  update = $state<UpdateStatus>('none');
  #registration: ServiceWorkerRegistration | undefined;
  #isBusy: () => boolean = () => false;
  #keeping = false;

  /**
   * Registers the service worker and keeps the page, piece by piece. Called when the page has nothing better to do.
   * @param page address of the page
   * @param isBusy the network or the processor is needed for something that the visitor waits for
   */
  async start(page: string, isBusy: () => boolean): Promise<void> {
    this.#isBusy = isBusy;
    // In a page that was loaded past it (Ctrl+Shift+R) there is one, and it is not the controller.
    const wasControlled = navigator.serviceWorker?.controller != null;
    const registration = await register(page);
    if (!registration) {
      this.status = 'unavailable';
      return;
    }
    this.#registration = registration;
    this.#watch(registration, wasControlled);
    if (isSavingData() && !(await this.#isWhole())) this.status = 'save-data';
    else await this.keep();
  }

  /** Keeps what is missing; also the next try after a failure. */
  async keep(): Promise<void> {
    if (this.#keeping || !this.#registration) return;
    this.#keeping = true;
    this.failure = undefined;
    this.status = 'keeping';
    try {
      const worker = await activeWorker(this.#registration);
      for (let isWhole = false; !isWhole;) {
        await this.#leisure();
        // This page is of the version before, and would be told about the files of the next.
        if (this.update === 'elsewhere') return;
        isWhole = this.#take(await ask(worker));
        if (this.failure) break;
      }
      this.status = this.failure ? 'failed' : 'ready';
    } catch (error) {
      console.warn(error);
      this.failure = 'network';
      this.status = 'failed';
    } finally {
      this.#keeping = false;
    }
  }

  /** Changes to the version that waits, or reloads if none does. @param before what must be saved first */
  async apply(before?: () => Promise<unknown>): Promise<void> {
    await before?.();
    const waiting = this.#registration?.waiting;
    if (!waiting) return location.reload();
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage({ type: 'take-over' } satisfies OfflineRequest);
  }

  #watch(registration: ServiceWorkerRegistration, wasControlled: boolean): void {
    const look = () => {
      // The first version does not wait: nothing was there before it.
      if (registration.waiting && registration.active) this.update = 'waiting';
    };
    look();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
    let isControlled = wasControlled;
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (isControlled) this.update = 'elsewhere';
      isControlled = true;
    });
    // Fails without a network: the next hour is soon enough.
    setInterval(() => void registration.update().catch(() => undefined), UPDATE_MILLISECONDS);
    window.addEventListener('online', () => {
      if (this.status === 'failed') void this.keep();
    });
  }

  /** Whether an earlier visit kept all. */
  async #isWhole(): Promise<boolean> {
    const { controller } = navigator.serviceWorker;
    return controller !== null && this.#take(await ask(controller, 'look'));
  }

  /** @returns whether all is kept */
  #take({ keptBytes, totalBytes, failure }: OfflineState): boolean {
    this.keptBytes = keptBytes;
    this.totalBytes = totalBytes;
    this.failure = failure;
    return keptBytes === totalBytes;
  }

  async #leisure(): Promise<void> {
    while (this.#isBusy()) await new Promise((resolve) => setTimeout(resolve, BUSY_MILLISECONDS));
  }
}

export const offline = new Offline();

/** Undefined where there are no service workers, or the browser refuses this one. */
async function register(page: string): Promise<ServiceWorkerRegistration | undefined> {
  const { serviceWorker } = navigator;
  if (serviceWorker === undefined) return undefined;
  try {
    await serviceWorker.register(new URL(SERVICE_WORKER, page), { updateViaCache: 'none' });
  } catch (error) {
    // Without a network an earlier one may be there, which was not asked for updates then.
    console.warn(error);
  }
  try {
    return await serviceWorker.getRegistration(page);
  } catch {
    return undefined;
  }
}

/** @throws Error if the first version could not be installed */
function activeWorker(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const { active } = registration;
  const coming = active ?? registration.waiting ?? registration.installing;
  if (active) return Promise.resolve(active);
  return new Promise((resolve, reject) => {
    if (!coming) return reject(new Error('the service worker was not installed'));
    coming.addEventListener('statechange', () => {
      if (coming.state === 'activated') resolve(coming);
      if (coming.state === 'redundant') reject(new Error('the service worker was not installed'));
    });
  });
}

/** @throws Error if it does not answer */
function ask(worker: ServiceWorker, type: 'keep' | 'look' = 'keep'): Promise<OfflineState> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the service worker did not answer')), ANSWER_MILLISECONDS);
    port1.onmessage = ({ data }: MessageEvent<OfflineState>) => {
      clearTimeout(timer);
      port1.close();
      resolve(data);
    };
    const request: OfflineRequest = { type, hasWebGpu: 'gpu' in navigator };
    worker.postMessage(request, [port2]);
  });
}

function isSavingData(): boolean {
  return navigator.connection?.saveData === true;
}
