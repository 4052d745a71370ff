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

export interface HttpBody {
  /** @throws TypeError if it is no stream of bytes */
  getReader(options: { mode: 'byob' }): {
    /** Fills the view's buffer, which moves into the result. */
    read(into: Uint8Array<ArrayBuffer>): Promise<ReadResult>;
    cancel(): Promise<void>;
  };
  getReader(): {
    read(): Promise<ReadResult>;
    cancel(): Promise<void>;
  };
  cancel(): Promise<void>;
}

interface ReadResult {
  done: boolean;
  value?: Uint8Array<ArrayBuffer> | undefined;
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
  /** True for addresses to which a header such as `If-Range` is sent without asking the server first (CORS). */
  isSameOrigin?(url: string): boolean;
  /** The access token for requests to the origin of `url`; sent as `Authorization: Bearer`. The runtime's fetch drops it
   *  when it follows a redirect to another origin. */
  tokenFor?(url: string): string | undefined;
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
    this.#timer = setTimeout(
      () => this.#abort.abort(new FailureError('network', { url: this.#url, reason: 'stalled' })),
      this.#milliseconds,
    );
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
  const token = network.tokenFor?.(url);
  const headers = { ...request.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
  try {
    return await network.fetch(url, { ...request, headers });
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
 * Cancels the body of a response that is refused: otherwise the connection stays busy until all of it has arrived.
 * @param file name for messages; if it does not end in `.html` but the response is HTML, the file counts as missing
 * @throws FailureError file-missing, gated, rate-limited, server-error, network (any other status)
 */
export function checkResponse(network: Network, response: HttpResponse, url: string, file: string): void {
  const failure = failureOfResponse(network, response, url, file);
  if (!failure) return;
  discardBody(response);
  throw failure;
}

/** Tells the server that the rest of the body is not wanted. */
export function discardBody(response: HttpResponse): void {
  // A body that broke off is gone already.
  void response.body?.cancel().catch(() => undefined);
}

function failureOfResponse(
  network: Network,
  { ok, status, headers }: HttpResponse,
  url: string,
  file: string,
): FailureError | undefined {
  const host = hostOf(url);
  if (ok) {
    if (status === 204 || status === 205) return new FailureError('network', { url, reason: `HTTP ${status}`, status });
    const isPage = headers.get('Content-Type')?.startsWith('text/html') === true;
    return isPage && !file.endsWith('.html') ? new StartPageError(file) : undefined;
  }
  if (status === 404 || status === 410) return new FailureError('file-missing', { file });
  if (status === 401 || status === 403) {
    const id = repositoryOf(url);
    const page = id === url ? undefined : `https://huggingface.co/${id}`;
    const token = network.tokenFor?.(url) === undefined ? undefined : 'sent';
    return new FailureError('gated', { id, host, url, status, ...(page && { page }), ...(token && { token }) });
  }
  if (status === 429) {
    const seconds = retryAfter(headers);
    return new FailureError('rate-limited', { host, url, ...(seconds && { retryAfter: seconds }) });
  }
  if (status >= 500) return new FailureError('server-error', { host, url, status });
  return new FailureError('network', { url, reason: `HTTP ${status}`, status });
}

/**
 * Version of a file: ETag, otherwise Last-Modified. Undefined if the server sends neither; then a download cannot be
 * resumed.
 */
export function versionOf({ headers }: HttpResponse): string | undefined {
  return headers.get('ETag') ?? headers.get('Last-Modified') ?? undefined;
}

/** True if the server could not be reached or did not give an answer, so nothing is known about the file. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof FailureError && UNREACHABLE.has(error.code);
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'offline',
  'network',
  'cut-off',
  'gated',
  'rate-limited',
  'server-error',
]);

/** Does not use `URL`, since `core` has no types for it. */
function hostOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(url)?.[1] ?? url;
}

/** `owner/name` on Hugging Face, otherwise the URL. */
function repositoryOf(url: string): string {
  return /^https:\/\/huggingface\.co\/([^/]+\/[^/]+)\/resolve\//.exec(url)?.[1] ?? url;
}

/** Seconds. An HTTP date is compared with the server's own `Date`, since the client's clock may differ. */
function retryAfter(headers: HttpResponse['headers']): number | undefined {
  const header = headers.get('Retry-After');
  if (header === null) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header);
  const seconds = Math.ceil((Date.parse(header) - Date.parse(headers.get('Date') ?? '')) / 1000);
  return seconds >= 0 ? seconds : undefined;
}
