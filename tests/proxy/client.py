# SPDX-License-Identifier: MIT
"""Clients of a collector behind TLS, from decent to slow."""
import http.client
import json
import socket
import ssl
import time

WAIT_S_MAX = 30
JSON_LINES = "application/x-ndjson"


def context(authority, certificate=None):
    """TLS that verifies the server, and shows a certificate if there is one."""
    made = ssl.create_default_context(cafile=authority)
    if certificate:
        made.load_cert_chain(*certificate)
    return made


class Client:
    """One connection, which is never made anew behind one's back."""

    def __init__(self, port, tls, token=None):
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.port = port
        self.tls = tls
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", port, context=tls, timeout=WAIT_S_MAX)
        self.connection.connect()
        self.connection.auto_open = 0

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.connection.close()

    def ask(self, method, path, body=None, **headers):
        """Status, headers and body of the answer. A body that is an iterator is
        sent in chunks."""
        named = {name.replace("_", "-"): value
                 for name, value in headers.items()}
        self.connection.request(
            method, path, body, {**self.headers, **named},
            encode_chunked=body is not None and not isinstance(body, bytes))
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def post(self, body, **headers):
        if not isinstance(body, bytes) and not hasattr(body, "__next__"):
            body = json.dumps(body).encode()
        elif hasattr(body, "__next__"):
            headers["Transfer_Encoding"] = "chunked"
        return self.ask("POST", "/events", body, **headers)

    def send_head(self, length, **headers):
        """The head of a POST whose body comes later, or never."""
        lines = ["POST /events HTTP/1.1", "Host: localhost",
                 f"Content-Length: {length}"]
        lines += [f"{name}: {value}"
                  for name, value in {**self.headers, **headers}.items()]
        self.send("\r\n".join(lines + ["", ""]).encode())

    def send(self, data):
        self.connection.sock.sendall(data)

    def receive(self):
        """What has come, at least a byte of it."""
        return self.connection.sock.recv(65536)


def slowly(pieces, pause_s):
    for piece in pieces:
        time.sleep(pause_s)
        yield piece


def sized(size):
    """Events whose body has so many bytes."""
    event = json.dumps({"device_id": "pump-7", "kind": "k"})
    return (f"[{event}".ljust(size - 1) + "]").encode()


class Upstream:
    """In place of a collector: it takes requests, answers so many of them, and
    ends the connection in place of the next answer."""

    def __init__(self, answer_count):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(WAIT_S_MAX)
        self.port = self.listener.getsockname()[1]
        self.answer_count = answer_count
        self.bodies = []

    def serve(self, connection_count):
        """Until so many connections have ended, or none comes any more."""
        for _ in range(connection_count):
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(WAIT_S_MAX)
                while self.take(stream, connection):
                    pass

    def take(self, stream, connection):
        if not stream.readline():
            return False
        headers = http.client.parse_headers(stream)
        self.bodies.append(stream.read(int(headers["Content-Length"])))
        if len(self.bodies) > self.answer_count:
            return False
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        return True
