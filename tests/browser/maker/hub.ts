/** The stand-in of the hub for tests in the browser. `PUT /hub` sets what goes wrong, `GET /hub` tells addresses and what was asked for. */
import type { IncomingMessage } from 'node:http';
import type { Plugin } from 'vite';
import { startHub } from './hub-server.ts';
import type { HubFault } from './hub-state.ts';

const folder = new URL('../../packages/checkpoint/', import.meta.url).pathname;

export function hubServer(): Plugin {
  return {
    name: 'hub-server',
    async configureServer(server) {
      const hub = await startHub(folder);
      server.httpServer?.once('close', () => hub.close());
      server.middlewares.use('/hub', (request, response) => {
        if (request.method !== 'PUT') {
          response.end(JSON.stringify(hub.state()));
          return;
        }
        void readFault(request).then((fault) => {
          hub.set(fault);
          response.end();
        });
      });
    },
  };
}

async function readFault(request: IncomingMessage): Promise<HubFault> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return JSON.parse(text);
}
