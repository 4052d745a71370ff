/** A stand-in of the hub: an API, files behind a token, and a second host that the weights come from. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { HubFault, HubState } from './hub-state.ts';

const SMALL = /\.json$/u;
export const COMMIT = 'c0ffee'.padEnd(40, '0');
export const TOKEN = 'hf_right';

export interface Hub {
  /** What is asked for from now on meets this fault; the counts begin again. */
  set(fault: HubFault): void;
  state(): HubState;
  close(): void;
}

/** @param folder with a checkpoint of one file, served as the repository test/tiny; read at each request, since packages.setup.ts writes it later */
export async function startHub(folder: string): Promise<Hub> {
  const files = () => readdirSync(folder);
  let fault: HubFault = {};
  let counts = fresh();
  const second = await listening((request, response) => answerSecond(request, response));
  const hub = await listening((request, response) => answerHub(request, response));
  const path = (name: string) => join(folder, name);

  function answerHub(request: IncomingMessage, response: ServerResponse): void {
    if (cors(request, response)) return;
    const { pathname } = new URL(request.url ?? '', 'http://hub');
    const file = pathname.split('/').at(-1) ?? '';
    if (pathname.startsWith('/api/models/test/tiny/revision/')) {
      const siblings = files()
        .filter((name) => !fault.missing?.includes(name))
        .map((name) => ({
          rfilename: name,
          size: statSync(path(name)).size,
          ...(SMALL.test(name) ? {} : { lfs: { sha256: sha256(readFileSync(path(name))) } }),
        }));
      response.end(JSON.stringify({ sha: COMMIT, siblings }));
    } else if (!pathname.startsWith(`/test/tiny/resolve/${COMMIT}/`) || !files().includes(file)) {
      response.writeHead(404).end();
    } else if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      counts.refused++;
      response.writeHead(401).end();
    } else if (SMALL.test(file)) {
      response.end(readFileSync(path(file)));
    } else {
      response.writeHead(302, { Location: `${addressOf(second)}/${file}?signature=x` }).end();
    }
  }

  function answerSecond(request: IncomingMessage, response: ServerResponse): void {
    if (cors(request, response)) return;
    if (request.headers.authorization !== undefined) counts.leaked++;
    const { pathname } = new URL(request.url ?? '', 'http://second');
    const bytes = readFileSync(path(pathname.slice(1)));
    const version = sha256(bytes).slice(0, 16) + (fault.version ?? '');
    const headers = { ETag: `"${version}"`, 'Accept-Ranges': 'bytes' };
    if (request.method === 'HEAD') {
      response.writeHead(200, { ...headers, 'Content-Length': bytes.length }).end();
      return;
    }
    const [, from, to] = (fault.wholeFiles ? null : /^bytes=(\d+)-(\d+)$/u.exec(request.headers.range ?? '')) ?? [];
    const body = from === undefined ? bytes : bytes.subarray(Number(from), Number(to) + 1);
    if (counts.sent + body.length > (fault.after ?? Infinity)) {
      counts.isFull = true;
      // The other kind hangs until the test lets go of it.
      if (fault.type === 'cut') request.socket.destroy();
      return;
    }
    counts.sent += body.length;
    response.writeHead(from === undefined ? 200 : 206, {
      ...headers,
      'Content-Length': body.length,
      ...(from !== undefined && { 'Content-Range': `bytes ${from}-${to}/${bytes.length}` }),
    });
    response.end(body);
  }

  return {
    set(next) {
      fault = next;
      counts = fresh();
    },
    state: () => ({ ...counts, endpoint: addressOf(hub), commit: COMMIT }),
    close() {
      for (const each of [hub, second]) {
        each.closeAllConnections();
        each.close();
      }
    },
  };
}

/** On a free port of this machine. */
function listening(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}

function fresh(): Omit<HubState, 'endpoint' | 'commit'> {
  return { sent: 0, refused: 0, leaked: 0, isFull: false };
}

/** Both hosts are others than the page's. @returns true if that was all that was asked */
function cors(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Headers', 'authorization, range');
  response.setHeader('Access-Control-Expose-Headers', 'ETag, Content-Range, Content-Length');
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204).end();
  return true;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
