# SPDX-License-Identifier: MIT
"""A proxy in front changes nothing but that there is TLS: every request gets
the collector's own answer, connections are kept, nothing is sent twice, and
with mutual TLS only the authority's clients come through.

usage: test_proxy.py nginx|stunnel COLLECTORD CONFIG README DIRECTORY

DIRECTORY is where Debian's packages were laid, if they are not installed.
"""
import glob
import http.client
import json
import os
import shutil
import signal
import sqlite3
import ssl
import sys
import tempfile
import threading
import time
import unittest
import warnings

from client import JSON_LINES, Client, Upstream, context, sized, slowly
from stage import (INGEST, READ, Certificates, Collector, Nginx, Stunnel,
                   connections)

SKIPPED = 77
SECONDS_MAX = 60  # a test
BODY_SIZE_MAX = 1024 * 1024
EVENT = {"device_id": "pump-7", "kind": "temperature"}
KEY = {"Idempotency_Key": "6f1c1f0e-3c52-4f3a-9c0c-0f3ab1f7f6c1"}
# How a connection that is refused, or broken off, looks to a client.
ENDED = (ssl.SSLError, ConnectionError, http.client.HTTPException)


class Case(unittest.TestCase):
    """A collector behind a proxy for each test."""

    kind = None
    collectord = config = readme = laid = certificates = None

    def setUp(self):
        signal.alarm(SECONDS_MAX)
        self.addCleanup(signal.alarm, 0)
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        self.collector = Collector(self.collectord, directory)
        self.proxy = self.kind(self.config, directory, self.certificates,
                               self.collector.port)
        self.tls = context(self.certificates.path("ca.pem"))

    def start(self, *options):
        self.collector.start()
        self.addCleanup(lambda: self.collector.process.clear_away())
        self.start_proxy(*options)

    def start_proxy(self, *options):
        for option in options:
            self.assert_documented(option)
            self.proxy.switch_on(option)
        self.proxy.start(self.laid)
        self.addCleanup(self.proxy.process.clear_away)

    def assert_documented(self, option):
        with open(self.readme, encoding="utf-8") as file:
            self.assertIn(f"sed -i '{option}' /etc/{self.proxy.place}",
                          file.read())

    def client(self, token=INGEST, tls=None):
        client = Client(self.proxy.port, tls or self.tls, token)
        self.addCleanup(client.connection.close)
        return client

    def assert_taken(self, answer, count):
        status, _, body = answer
        self.assertEqual(status, 200, body)
        self.assertEqual(json.loads(body)["accepted"], count)

    def assert_ends_well(self):
        self.assertEqual(self.proxy.process.end(signal.SIGTERM), 0,
                         self.proxy.process.log())
        self.assertEqual(self.collector.process.end(signal.SIGTERM), 0)


class Promises:
    """What holds for both proxies."""

    def test_event_arrives(self):
        self.start()
        self.assert_taken(self.client().post(EVENT), 1)
        self.assertEqual(
            self.collector.rows("SELECT device_id, kind FROM events"),
            [("pump-7", "temperature")])
        self.assert_ends_well()

    def test_one_connection_carries_many_requests(self):
        self.start()
        client = self.client()
        before = connections(self.collector.port)
        for _ in range(200):
            self.assert_taken(client.post(EVENT), 1)
        self.assertLessEqual(
            len(connections(self.collector.port) - before), 1)

    def test_slow_chunks_arrive(self):
        self.start()
        lines = [json.dumps(EVENT).encode() + b"\n"] * 10
        self.assert_taken(
            self.client().post(slowly(lines, 0.2), Content_Type=JSON_LINES),
            10)

    def test_body_at_the_limit_is_taken(self):
        self.start()
        body = sized(BODY_SIZE_MAX)
        chunks = [body[at:at + 256] for at in range(0, len(body), 256)]
        client = self.client()
        self.assert_taken(client.post(body), 1)
        self.assert_taken(client.post(slowly(chunks, 0)), 1)
        self.assertNotIn("temporary file", self.proxy.process.log())

    def test_body_over_the_limit_is_refused(self):
        self.start()
        client = self.client()
        client.send_head(BODY_SIZE_MAX + 1)
        self.assertIn(b" 413 ", client.receive())
        status, _, body = self.client().post(
            slowly([sized(BODY_SIZE_MAX + 1)], 0))
        self.assertEqual((status, json.loads(body)),
                         (413, {"error": "the body is over 1 MiB"}))
        self.assertEqual(self.collector.event_count(), 0)

    def test_client_that_expects_a_100_gets_it(self):
        self.start()
        body = json.dumps(EVENT).encode()
        client = self.client()
        client.send_head(len(body), Expect="100-continue")
        self.assertTrue(client.receive().startswith(b"HTTP/1.1 100 "))
        client.send(body)
        self.assertTrue(client.receive().startswith(b"HTTP/1.1 200 "))
        self.assertEqual(self.collector.event_count(), 1)

    def test_tokens_are_asked_for_by_the_collector(self):
        self.start()
        status, headers, _ = self.client(token=None).post(EVENT)
        self.assertEqual(status, 401)
        self.assertIn("Bearer", headers["WWW-Authenticate"])
        self.assertEqual(self.client("wrong-0123456789").post(EVENT)[0], 401)
        self.assertEqual(self.client(READ).post(EVENT)[0], 403)
        self.assertEqual(self.client(READ).ask("GET", "/stats")[0], 200)
        self.assertEqual(self.client(None).ask("GET", "/livez")[0], 200)
        self.assertEqual(self.collector.event_count(), 0)

    def test_snapshot_passes_to_a_slow_reader(self):
        self.start()
        line = json.dumps({**EVENT, "payload": "x" * 60000}).encode() + b"\n"
        client = self.client()
        for _ in range(20):
            client.post(line * 17, Content_Type=JSON_LINES)
        copy = self.proxy.path("copy.sqlite")
        connection = self.client(READ).connection
        connection.request("GET", "/snapshot",
                           headers={"Authorization": f"Bearer {READ}"})
        answer = connection.getresponse()
        time.sleep(1)
        with open(copy, "wb") as file:
            shutil.copyfileobj(answer, file)
        self.assertEqual(os.path.getsize(copy),
                         int(answer.headers["Content-Length"]))
        with sqlite3.connect(copy) as db:
            self.assertEqual(
                db.execute("SELECT count(*) FROM events").fetchone(), (340,))
        self.assertNotIn("temporary file", self.proxy.process.log())

    def test_old_tls_is_refused(self):
        self.start()
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
        self.tls.set_ciphers("DEFAULT:@SECLEVEL=0")
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_1
        self.tls.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaisesRegex(ssl.SSLError, "PROTOCOL_VERSION"):
            self.client()
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            self.tls.maximum_version = self.tls.minimum_version = version
            self.assert_taken(self.client().post(EVENT), 1)

    def test_mutual_tls_lets_the_authoritys_clients_in(self):
        self.start(self.proxy.mutual)
        authority = self.certificates.path("ca.pem")
        known = context(authority, self.certificates.pair("client"))
        stranger = context(authority, self.certificates.pair("stranger"))
        self.assert_taken(self.client(tls=known).post(EVENT), 1)
        self.assert_refused(self.tls)
        self.assert_refused(stranger)
        self.assertEqual(self.client(None, known).post(EVENT)[0], 401)
        self.assertEqual(self.collector.event_count(), 1)

    def test_kill_in_a_body_keeps_nothing_and_a_repeat_is_kept_once(self):
        self.start()
        body = json.dumps(EVENT).encode()
        client = self.client()
        client.send_head(len(body), **{"Idempotency-Key": "once"})
        client.send(body[:10])
        self.collector.process.kill()
        self.assert_away(lambda: (client.send(body[10:]), client.receive()))
        self.collector.start()
        for replayed in None, "true":
            answer = self.client().post(EVENT, Idempotency_Key="once")
            self.assert_taken(answer, 1)
            self.assertEqual(answer[1]["Idempotency-Replayed"], replayed)
        self.assertEqual(self.collector.event_count(), 1)

    def test_repeat_of_what_a_kill_left_unanswered_is_kept_once(self):
        self.start()
        client = self.client()
        self.assert_taken(client.post(EVENT, **KEY), 1)
        self.collector.process.kill()
        self.assert_away(lambda: client.post(EVENT, **KEY))
        self.collector.start()
        answer = self.client().post(EVENT, **KEY)
        self.assert_taken(answer, 1)
        self.assertEqual(answer[1]["Idempotency-Replayed"], "true")
        self.assertEqual(self.collector.event_count(), 1)
        self.assert_ends_well()


class NginxTest(Promises, Case):
    kind = Nginx

    def assert_refused(self, tls):
        status, _, body = self.client(tls=tls).post(EVENT)
        self.assertEqual((status, json.loads(body)),
                         (403, {"error": "a client certificate is required"}))

    def assert_away(self, request):
        request()  # on this connection it may be a 502, or an end
        status, headers, body = self.client().post(EVENT, **KEY)
        self.assertEqual((status, json.loads(body), headers["Retry-After"]),
                         (502, {"error": "the collector is away"}, "1"))

    def test_many_clients_share_connections(self):
        self.start()
        before = connections(self.collector.port)
        for _ in range(20):
            self.assert_taken(self.client().post(EVENT), 1)
        self.assertEqual(len(connections(self.collector.port) - before), 1)

    def test_slow_clients_hold_no_thread_of_the_collectors(self):
        self.start()
        before = connections(self.collector.port)
        slow = [self.client() for _ in range(50)]
        for client in slow:
            client.send_head(1000)
            client.send(b"[")
        self.assert_taken(self.client().post(EVENT), 1)
        self.assertEqual(len(connections(self.collector.port) - before), 1)

    def test_post_is_never_sent_twice(self):
        upstream = Upstream(answer_count=1)
        self.addCleanup(upstream.listener.close)
        self.proxy.upstream_port = upstream.port
        self.start_proxy()
        server = threading.Thread(target=upstream.serve, args=[2], daemon=True)
        server.start()
        client = self.client()
        self.assertEqual(client.post(b"1")[0], 200)
        self.assertEqual(client.post(b"2")[0], 502)
        upstream.listener.close()
        self.assertEqual(upstream.bodies, [b"1", b"2"])

    def test_rate_is_an_option(self):
        self.proxy.exchange([("rate=100r/s", "rate=1r/m")])  # on any machine
        self.start(self.proxy.rate)
        client = self.client()
        answers = [client.post(EVENT) for _ in range(250)]
        often = [answer for answer in answers if answer[0] == 429]
        self.assertEqual(len(often), 250 - 201)
        self.assertEqual(often[0][1]["Retry-After"], "1")
        self.assertEqual(json.loads(often[0][2]),
                         {"error": "too many requests"})
        self.assertEqual(self.collector.event_count(),
                         len(answers) - len(often))


class StunnelTest(Promises, Case):
    kind = Stunnel

    def assert_refused(self, tls):
        with self.assertRaises(ENDED):
            self.client(tls=tls).post(EVENT)

    def assert_away(self, request):
        try:
            self.assertIn(request(), [(None, b"")])
        except ENDED:
            pass
        with self.assertRaises(ENDED):
            self.client().post(EVENT, **KEY)


def library_path(laid):
    return ":".join(glob.glob(os.path.join(laid, "usr/lib/*-linux-gnu*")) +
                    glob.glob(os.path.join(laid, "lib/*-linux-gnu*")))


def too_long(*_):
    raise TimeoutError(f"more than {SECONDS_MAX} s")


def main():
    name, Case.collectord, Case.config, Case.readme, laid = sys.argv[1:]
    case = {"nginx": NginxTest, "stunnel": StunnelTest}[name]
    os.environ["PATH"] = ":".join([laid + "/usr/sbin", laid + "/usr/bin",
                                   os.environ["PATH"], "/usr/sbin"])
    for program in case.kind.program, "openssl":
        if not shutil.which(program):
            print(f"skipped: no {program}, make proxies fetches it")
            return SKIPPED
    signal.signal(signal.SIGALRM, too_long)
    with tempfile.TemporaryDirectory() as directory:
        Case.laid = library_path(laid)
        Case.certificates = Certificates(directory)
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(case)
        result = unittest.TextTestRunner(verbosity=2).run(suite)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
