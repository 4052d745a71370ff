/**
 * A stand-in of the hub: an API, files behind a token, and a second host that the weights come from. A Vite plugin, so that the browser
 * reaches both over real HTTP. `PUT /hub` sets what goes wrong, `GET /hub` tells addresses and what was asked for.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import type { HubFault, HubState } from './hub-state.ts';

const folder = new URL('../../packages/checkpoint/', import.meta.url).pathname;
const FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
const SMALL = /\.json$/u;
const COMMIT = 'c0ffee'.padEnd(40, '0');
const TOKEN = 'hf_right';

export function hubServer(): Plugin {
  let fault: HubFault = {};
  let state: HubState = fresh();

  function answerHub(request: IncomingMessage, response: ServerResponse, secondPort: number): void {
    if (cors(request, response)) return;
    const { pathname } = new URL(request.url ?? '', 'http://hub');
    const file = pathname.split('/').at(-1) ?? '';
    if (pathname.startsWith('/api/models/test/tiny/revision/')) {
      const siblings = FILES.filter((name) => !fault.missing?.includes(name)).map((name) => ({
        rfilename: name,
        size: statSync(folder + name).size,
        ...(SMALL.test(name) ? {} : { lfs: { sha256: sha256(readFileSync(folder + name)) } }),
      }));
      response.end(JSON.stringify({ sha: COMMIT, siblings }));
    } else if (!pathname.startsWith(`/test/tiny/resolve/${COMMIT}/`) || !FILES.includes(file)) {
      response.writeHead(404).end();
    } else if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      state.refused++;
      response.writeHead(401).end();
    } else if (SMALL.test(file)) {
      response.end(readFileSync(folder + file));
    } else {
      response.writeHead(302, { Location: `http://127.0.0.1:${secondPort}/${file}?signature=x` }).end();
    }
  }

  function answerSecond(request: IncomingMessage, response: ServerResponse): void {
    if (cors(request, response)) return;
    if (request.headers.authorization !== undefined) state.leaked++;
    const { pathname } = new URL(request.url ?? '', 'http://second');
    const bytes = readFileSync(folder + pathname.slice(1));
    const version = sha256(bytes).slice(0, 16) + (fault.version ?? '');
    const headers = { ETag: `"${version}"`, 'Accept-Ranges': 'bytes' };
    const [, from, to] = /^bytes=(\d+)-(\d+)$/u.exec(request.headers.range ?? '') ?? [];
    const body = from === undefined ? bytes : bytes.subarray(Number(from), Number(to) + 1);
    if (request.method === 'HEAD') {
      response.writeHead(200, { ...headers, 'Content-Length': bytes.length }).end();
      return;
    }
    const room = (fault.after ?? Infinity) - state.sent;
    if (room < body.length) {
      state.isFull = true;
      if (fault.type === 'cut') request.socket.destroy();
      // Else it hangs until the test lets go of it.
      return;
    }
    state.sent += body.length;
    response.writeHead(from === undefined ? 200 : 206, {
      ...headers,
      'Content-Length': body.length,
      ...(from !== undefined && { 'Content-Range': `bytes ${from}-${to}/${bytes.length}` }),
    });
    response.end(body);
  }

  return {
    name: 'hub-server',
    async configureServer(server) {
      const second = await listening((request, response) => answerSecond(request, response));
      const hub = await listening((request, response) => answerHub(request, response, portOf(second)));
      server.httpServer?.once('close', () => {
        for (const each of [hub, second]) {
          each.closeAllConnections();
          each.close();
        }
      });
      server.middlewares.use('/hub', (request, response) => {
        if (request.method === 'PUT') {
          void readBody(request).then((body) => {
            fault = JSON.parse(body) as HubFault;
            state = fresh();
            response.end();
          });
          return;
        }
        response.end(JSON.stringify({ ...state, endpoint: `http://127.0.0.1:${portOf(hub)}`, commit: COMMIT }));
      });
    },
  };
}

/** On a free port of this machine. */
function listening(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function fresh(): HubState {
  return { endpoint: '', commit: '', sent: 0, refused: 0, leaked: 0, isFull: false };
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

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text;
}
