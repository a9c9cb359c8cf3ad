# SPDX-License-Identifier: MIT
"""A receiver of webhooks on a port of its own: HTTPS, and a thread a connection.

It remembers every request, and answers as its judge says.
"""
import gzip
import http.server
import json
import ssl
import threading
import time


class Request:
    """One request, as it came."""

    def __init__(self, handler, body):
        self.at = time.monotonic()
        self.path = handler.path
        self.headers = handler.headers
        self.raw = body
        self.peer = handler.peer()

    @property
    def packed(self):
        return self.headers.get("Content-Encoding") == "gzip"

    @property
    def body(self):
        return gzip.decompress(self.raw) if self.packed else self.raw

    @property
    def events(self):
        return json.loads(self.body)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def peer(self):
        """The common name in the client's certificate."""
        certificate = self.connection.getpeercert()
        for field in certificate["subject"] if certificate else ():
            if field[0][0] == "commonName":
                return field[0][1]
        return None

    def do_POST(self):
        upstream = self.server.upstream
        body = upstream.read(self.rfile, int(self.headers["Content-Length"]))
        status, headers = upstream.take(Request(self, body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that hangs up, or trusts us not


class Upstream:
    """Use it in a with statement, or stop() it."""

    def __init__(self, certificate, key, client_ca=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
        self.requests = []
        self.judge = lambda request: 200
        self.delay_s = 0  # before each 100 bytes of a body that are read
        self._lock = threading.Condition()
        self._release = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.upstream = self
        # The handshake is the handler's: nobody can hold the others up.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True,
            do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = "https://127.0.0.1:%d/in" % self.port
        threading.Thread(target=self._server.serve_forever,
                         kwargs={"poll_interval": 0.02}, daemon=True).start()

    def read(self, stream, size):
        if self.delay_s == 0:
            return stream.read(size)
        body = b""
        while len(body) < size and not self._release.wait(self.delay_s):
            body += stream.read(min(100, size - len(body)))
        return body

    def take(self, request):
        """Remember a request; say its status and more headers."""
        with self._lock:
            self.requests.append(request)
            self._lock.notify_all()
        answer = self.judge(request)
        return answer if isinstance(answer, tuple) else (answer, ())

    def hang(self, request):
        """A judge that says nothing until the test is over."""
        self._release.wait(120)
        return 503

    def wait(self, count, timeout_s=60):
        """Wait for so many requests; the last of them."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self.requests) >= count,
                                       timeout_s):
                raise AssertionError("%d requests instead of %d" %
                                     (len(self.requests), count))
            return self.requests[count - 1]

    def stop(self):
        self._release.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.stop()
