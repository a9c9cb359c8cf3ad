# SPDX-License-Identifier: MIT
"""A proxy that does CONNECT, and remembers the heads of what it was asked."""
import select
import socket
import threading


def _read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(4096)
        if not part:
            break
        head += part
    return head.decode("latin-1")


def _relay(a, b):
    """Until one of them hangs up."""
    peers = {a: b, b: a}
    while True:
        for ready in select.select((a, b), (), ())[0]:
            data = ready.recv(65536)
            if not data:
                return
            peers[ready].sendall(data)


class Proxy:
    """Use it in a with statement. With a refusal it lets nobody through."""

    def __init__(self, refusal=None):
        self.heads = []
        self._refusal = refusal
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return  # it was stopped
            threading.Thread(target=self._serve, args=(connection,),
                             daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                self._connect(connection)
            except OSError:
                pass  # somebody has hung up

    def _connect(self, connection):
        head = _read_head(connection)
        self.heads.append(head)
        method, target = head.split(" ")[:2]
        if self._refusal is not None or method != "CONNECT":
            connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" %
                               (self._refusal or 405))
            return
        host, port = target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(connection, upstream)

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._listener.close()
