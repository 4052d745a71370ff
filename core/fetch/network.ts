/** One HTTP request with classified failures. `core` does no I/O: the caller passes `fetch`. */
import { FailureError } from '../failure.ts';

/** The part of the Fetch API's `Response` that is used. */
export interface HttpResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: { get(name: string): string | null; has(name: string): boolean };
  readonly body: HttpBody | null;
}

interface HttpBody {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array<ArrayBuffer> | undefined }>;
    cancel(): Promise<void>;
  };
  cancel(): Promise<void>;
}

export interface HttpRequest {
  method?: 'GET' | 'HEAD';
  headers?: Record<string, string>;
  cache?: 'default' | 'no-cache' | 'no-store';
  signal?: AbortSignal;
}

/** Network functions of the runtime. */
export interface Network {
  fetch(url: string, request: HttpRequest): Promise<HttpResponse>;
  /** True if the runtime reports no connection: `!navigator.onLine`. */
  isOffline(): boolean;
  /** A request fails if no bytes arrive for this long. */
  stallMilliseconds?: number;
  /** Pause before the first retry; each following pause is twice as long. */
  pauseMilliseconds?: number;
}

const STALL_MILLISECONDS = 15_000;

/** Aborts `signal` when no bytes arrive, or when the caller's signal aborts. */
export class StallWatch {
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #milliseconds: number;
  readonly #url: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(network: Network, url: string, signal: AbortSignal | undefined) {
    this.#milliseconds = network.stallMilliseconds ?? STALL_MILLISECONDS;
    this.#url = url;
    this.signal = signal ? AbortSignal.any([signal, this.#abort.signal]) : this.#abort.signal;
    this.renew();
  }

  /** Restarts the timeout; call it when bytes arrive. */
  renew(): void {
    clearTimeout(this.#timer);
    const stalled = new FailureError('network', { url: this.#url, reason: 'stalled' });
    this.#timer = setTimeout(() => this.#abort.abort(stalled), this.#milliseconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * `fetch` with rejections converted to FailureError.
 * @throws FailureError offline, network; the signal's reason when aborted
 */
export async function send(network: Network, url: string, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await network.fetch(url, request);
  } catch (cause) {
    request.signal?.throwIfAborted();
    throw connectionFailure(network, url, cause);
  }
}

/** Failure for a connection that broke before or during the response. */
export function connectionFailure(network: Network, url: string, cause: unknown): FailureError {
  if (network.isOffline()) return new FailureError('offline', { url }, { cause });
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FailureError('network', { url, reason }, { cause });
}

/**
 * The server sent an HTML page instead of the file: single-page hosts do so for unknown paths, captive portals for every
 * path.
 */
export class StartPageError extends FailureError {
  constructor(file: string) {
    super('file-missing', { file });
  }
}

/**
 * @param file name for messages; if it does not end in `.html` but the response is HTML, the file counts as missing
 * @throws FailureError file-missing, gated, rate-limited, server-error, network (any other status)
 */
export function checkResponse(response: HttpResponse, url: string, file: string): void {
  const { ok, status, headers } = response;
  if (ok) {
    const isPage = headers.get('Content-Type')?.startsWith('text/html') === true;
    if (isPage && !file.endsWith('.html')) throw new StartPageError(file);
    return;
  }
  if (status === 404 || status === 410) throw new FailureError('file-missing', { file });
  if (status === 401 || status === 403) throw new FailureError('gated', { id: repositoryOf(url), url, status });
  if (status === 429) {
    const seconds = retryAfter(headers.get('Retry-After'));
    throw new FailureError('rate-limited', { host: hostOf(url), url, ...(seconds && { retryAfter: seconds }) });
  }
  if (status >= 500) throw new FailureError('server-error', { host: hostOf(url), url, status });
  throw new FailureError('network', { url, reason: `HTTP ${status}`, status });
}

/**
 * Version of a file: ETag, otherwise Last-Modified. Undefined if the server sends neither; then a download cannot be
 * resumed.
 */
export function versionOf({ headers }: HttpResponse): string | undefined {
  return headers.get('ETag') ?? headers.get('Last-Modified') ?? undefined;
}

/**
 * Checks that a file exists and reads its version, without downloading it.
 * @throws as `send` and `checkResponse`
 */
export async function probe(
  network: Network,
  { url, file, signal }: { url: string; file: string; signal?: AbortSignal | undefined },
): Promise<{ version: string | undefined }> {
  const watch = new StallWatch(network, url, signal);
  try {
    const response = await send(network, url, { method: 'HEAD', cache: 'no-cache', signal: watch.signal });
    checkResponse(response, url, file);
    return { version: versionOf(response) };
  } finally {
    watch.end();
  }
}

/** True if the server could not be reached or did not give an answer, so nothing is known about the file. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof FailureError && UNREACHABLE.has(error.code);
}

const UNREACHABLE: ReadonlySet<string> = new Set(['offline', 'network', 'gated', 'rate-limited', 'server-error']);

/** Does not use `URL`, since `core` has no types for it. */
function hostOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(url)?.[1] ?? url;
}

/** `owner/name` on Hugging Face, otherwise the URL. */
function repositoryOf(url: string): string {
  return /^https:\/\/huggingface\.co\/([^/]+\/[^/]+)\/resolve\//.exec(url)?.[1] ?? url;
}

/** Seconds; undefined for HTTP dates, since the client's clock may differ from the server's. */
function retryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}
