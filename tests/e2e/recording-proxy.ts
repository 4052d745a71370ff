/**
 * A proxy that all of a browser goes through, page, workers and service worker, and that keeps a list of what was asked for. It stands
 * in for huggingface.co with a server of its own and refuses every other host but loopback.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Server } from 'node:net';

export interface RecordingProxy {
  /** For `--proxy-server`. */
  address: string;
  /** Origin, method and, of plain HTTP and of the host that is stood in for, path, in the order of the requests. */
  asked: { origin: string; method: string; path: string }[];
  close(): Promise<void>;
}

/** @param standIn answers for https://huggingface.co, which the browser has to take without checking certificates */
export async function recordingProxy(standIn: RequestListener): Promise<RecordingProxy> {
  const asked: RecordingProxy['asked'] = [];
  const hub = createTlsServer(selfSigned('huggingface.co'), (request, response) => {
    asked.push({ origin: 'https://huggingface.co', method: request.method ?? '', path: request.url ?? '' });
    standIn(request, response);
  });
  const hubPort = await listen(hub);
  const proxy = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://no.host');
    asked.push({ origin: url.origin, method: request.method ?? '', path: url.pathname });
    if (url.hostname !== 'localhost') return void response.writeHead(403).end();
    const { method, headers } = request;
    const onward = httpRequest(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  proxy.on('connect', (request, socket, head) => {
    const host = request.url ?? '';
    if (host !== 'huggingface.co:443') {
      asked.push({ origin: `https://${host}`, method: 'CONNECT', path: '' });
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const onward = connect(hubPort, 'localhost', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  const port = await listen(proxy);
  return {
    address: `http://localhost:${port}`,
    asked,
    async close() {
      for (const server of [proxy, hub]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  return address.port;
}

/** A key and a certificate of today (X.509, ECDSA with SHA-256). Node makes keys and no certificates. */
function selfSigned(name: string): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)));
  const subject = der(0x30, der(0x31, commonName));
  const day = 24 * 3600 * 1000;
  const validity = der(0x30, time(Date.now() - day), time(Date.now() + day));
  const serial = der(0x02, Buffer.from([1, ...randomBytes(8)]));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(0x30, serial, algorithm, subject, validity, subject, key);
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey));
  const base64 = der(0x30, body, algorithm, signature).toString('base64');
  const cert = `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/gu, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}

const time = (at: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/\D/gu, '').slice(2, 14)}Z`));

/** A value of ASN.1: tag, length, contents. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
