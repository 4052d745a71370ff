"""Serves the folder that this file is in, to this computer only: python3 serve.py [PORT] (Windows: py serve.py)
이 파일이 있는 폴더를 이 컴퓨터에만 내보냅니다: python3 serve.py [포트] (Windows에서는 py serve.py)"""
import errno
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

ROOT = os.path.dirname(os.path.abspath(__file__))
PIECE = 2**18
TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json; charset=utf-8',
    '.md': 'text/plain; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.wasm': 'application/wasm',
    '.webmanifest': 'application/manifest+json',
    '.woff2': 'font/woff2',
}


def file_at(address):
    """The file that an address names; None where it leads out of the folder or there is none."""
    path = unquote(urlsplit(address).path)
    parts = path.split('/')
    # Windows also knows "\\" between folders and ":" behind drives.
    if any(part == '..' or re.search(r'[\0\\:]', part) for part in parts):
        return None
    file = os.path.join(ROOT, *filter(None, parts), *([] if parts[-1] else ['index.html']))
    return file if os.path.isfile(file) else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self.answer(with_body=True)

    def do_HEAD(self):
        self.answer(with_body=False)

    def answer(self, with_body):
        try:
            name = file_at(self.path)
            if name is None:
                return self.head(404, {'Content-Type': 'text/plain', 'Content-Length': '0'})
            with open(name, 'rb') as file:
                self.send_file(name, file, with_body)
        except OSError:
            # The stick was pulled out, or the browser has gone.
            self.close_connection = True

    def send_file(self, name, file, with_body):
        stat = os.fstat(file.fileno())
        tag = f'"{stat.st_size}-{stat.st_mtime_ns}"'
        headers = {
            'Content-Type': TYPES.get(os.path.splitext(name)[1], 'application/octet-stream'),
            'Cache-Control': 'no-cache',
            'Accept-Ranges': 'bytes',
            'ETag': tag,
            # With these the page may use several threads where there is no GPU.
            'Cross-Origin-Opener-Policy': 'same-origin',
            'Cross-Origin-Embedder-Policy': 'require-corp',
        }
        wanted = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''), re.ASCII)
        if self.headers.get('If-Range', tag) != tag:
            wanted = None
        if wanted is None and self.headers.get('If-None-Match') == tag:
            return self.head(304, headers)
        first, last = 0, stat.st_size - 1
        if wanted:
            first = int(wanted[1])
            last = min(int(wanted[2] or last), last)
            if first > last:
                return self.head(416, {**headers, 'Content-Range': f'bytes */{stat.st_size}', 'Content-Length': '0'})
            headers['Content-Range'] = f'bytes {first}-{last}/{stat.st_size}'
        self.head(206 if wanted else 200, {**headers, 'Content-Length': str(last - first + 1)})
        if with_body:
            self.send_bytes(file, first, last - first + 1)

    def send_bytes(self, file, first, count):
        file.seek(first)
        while count > 0:
            piece = file.read(min(PIECE, count))
            if not piece:
                raise OSError(errno.EIO, 'the file became shorter')
            self.wfile.write(piece)
            count -= len(piece)

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Windows it would let two servers share a port.
    allow_reuse_address = os.name != 'nt'


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
    try:
        server = Server(('localhost', port), Handler)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.exit(f'port {port} is in use; try: {os.path.basename(sys.argv[0])} {port + 1}')
    print(f'http://localhost:{server.server_port}/   (Ctrl+C)', flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


main()
