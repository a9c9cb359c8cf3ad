# SPDX-License-Identifier: MIT
"""The webhook over a real network: TLS, proxies, and whoever is slow.

What it sends goes to whom it trusts, on the way that it was told, or nowhere;
and nobody holds it up for longer than it was told.
"""
import base64
import socket
import time
import unittest

from proxy import Proxy
from case import Case, main


class TestTls(Case):
    def test_a_receiver_that_the_ca_vouches_for_gets_events(self):
        upstream = self.upstream()
        with self.start(upstream) as collectord:
            collectord.post(3)
            collectord.wait_delivered(3)
        self.assertEqual(len(upstream.requests[0].events), 3)

    def assert_distrusted(self, more):
        upstream = self.upstream()
        with self.start(upstream, more) as collectord:
            collectord.post(1)
            collectord.wait_error("certificate")
            self.assertEqual(collectord.stats()["ledger"]["pending"], 1)
        self.assertEqual(upstream.requests, [])

    def test_one_that_another_ca_vouches_for_gets_nothing(self):
        self.assert_distrusted({"webhook-ca-file": self.pem("stranger.pem")})

    def test_without_a_ca_file_the_system_s_list_counts(self):
        self.assert_distrusted({"webhook-ca-file": None})

    def test_a_name_that_is_not_the_certificate_s_gets_nothing(self):
        upstream = self.upstream()
        url = upstream.url.replace("127.0.0.1", "localhost")
        with self.start(upstream, {"webhook-url": url}) as collectord:
            collectord.post(1)
            collectord.wait_error("SSL")
        self.assertEqual(upstream.requests, [])

    def assert_known_as_client(self, more):
        upstream = self.upstream(client_ca=self.pem("ca.pem"))
        with self.start(upstream, more) as collectord:
            collectord.post(1)
            collectord.wait_delivered(1)
        self.assertEqual(upstream.requests[0].peer, "client")

    def test_a_client_certificate_is_shown(self):
        self.assert_known_as_client({
            "webhook-certificate-file": self.pem("client.pem"),
            "webhook-key-file": self.pem("client.key")})

    def test_a_key_may_be_in_the_certificate_s_file(self):
        self.assert_known_as_client({
            "webhook-certificate-file": self.pem("both.pem")})

    def test_without_a_client_certificate_there_is_no_delivery(self):
        upstream = self.upstream(client_ca=self.pem("ca.pem"))
        with self.start(upstream) as collectord:
            collectord.post(1)
            collectord.wait_error()
            self.assertEqual(collectord.stats()["ledger"]["pending"], 1)
        self.assertEqual(upstream.requests, [])


class TestProxy(Case):
    def deliver(self, proxy, more=None, environment=None, config=None,
                through=1):
        """One event: whether it went through the proxy."""
        upstream = self.upstream()
        with self.start(upstream, more, environment=environment,
                        config=config) as collectord:
            collectord.post(1)
            collectord.wait_delivered(1)
        self.assertEqual(len(proxy.heads), through)
        if through:
            self.assertTrue(proxy.heads[0].startswith(
                "CONNECT 127.0.0.1:%d " % upstream.port), proxy.heads[0])
        return upstream.requests[0]

    def test_the_environment_names_it(self):
        with Proxy() as proxy:
            self.deliver(proxy, environment={"https_proxy": proxy.url})

    def test_the_environment_may_exempt_a_host(self):
        with Proxy() as proxy:
            self.deliver(proxy, through=0, environment={
                "https_proxy": proxy.url, "no_proxy": "127.0.0.1"})

    def test_off_is_none_whatever_the_environment_says(self):
        with Proxy() as proxy:
            self.deliver(proxy, {"webhook-proxy": "off"}, through=0,
                         environment={"https_proxy": proxy.url})

    def test_a_url_counts_whatever_the_environment_says(self):
        with Proxy() as proxy:
            self.deliver(proxy, {"webhook-proxy": proxy.url}, environment={
                "https_proxy": "http://127.0.0.1:1", "no_proxy": "*"})

    def test_it_learns_no_more_than_it_has_to(self):
        url = "http://box:s3cret@127.0.0.1:%d"
        more = {"webhook-bearer-token-file": self.write("token", "t0ken"),
                "webhook-header-file": self.write("headers", "X-Key: k3y\n")}
        with Proxy() as proxy:
            request = self.deliver(
                proxy, more, config={"webhook-proxy": url % proxy.port})
        self.assertIn(base64.b64encode(b"box:s3cret").decode(),
                      proxy.heads[0])
        self.assertNotIn("t0ken", proxy.heads[0])
        self.assertNotIn("k3y", proxy.heads[0])
        self.assertEqual(request.headers["X-Key"], "k3y")
        self.assertIsNone(request.headers["Proxy-Authorization"])

    def test_one_that_refuses_delivers_nothing(self):
        # Were it the receiver's, 400 would make a dead letter of the event.
        for refusal in (400, 407, 503):
            upstream = self.upstream()
            with Proxy(refusal) as proxy, self.start(
                    upstream, {"webhook-proxy": proxy.url}) as collectord:
                collectord.post(1)
                collectord.wait_error(str(refusal))
                ledger = collectord.stats()["ledger"]
            self.assertEqual(ledger["delivered"] + ledger["dead"], 0)
            self.assertEqual(upstream.requests, [])
            self.setUp()

    def test_one_that_makes_no_sense_is_not_quoted(self):
        url = "ftp://box:s3cret@127.0.0.1:1"
        with self.start(self.upstream(), environment={
                "https_proxy": url}) as collectord:
            collectord.post(1)
            self.assertNotIn("s3cret", collectord.wait_error())
        self.assertNotIn("s3cret", collectord.log())


class TestSlow(Case):
    def assert_breaks_off(self, upstream, more, *words):
        with self.start(upstream, more) as collectord:
            collectord.post(20, "x" * 1000)
            collectord.wait_error(*words)
            self.assertEqual(collectord.stats()["ledger"]["pending"], 20)

    def test_who_lets_nobody_in(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(listener.close)
        address = listener.getsockname()
        for _ in range(8):  # as many as find room, and more
            peer = socket.socket()
            self.addCleanup(peer.close)
            peer.setblocking(False)
            peer.connect_ex(address)
        self.assert_breaks_off(
            None, {"webhook-url": "https://127.0.0.1:%d/" % address[1],
                   "webhook-connect-timeout": "300ms"}, "imeout was reached")

    def test_who_begins_no_tls(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = "https://127.0.0.1:%d/" % listener.getsockname()[1]
            self.assert_breaks_off(
                None, {"webhook-url": url, "webhook-connect-timeout": "300ms"},
                "SSL connection timeout")

    def test_who_never_answers(self):
        upstream = self.upstream()
        upstream.judge = upstream.hang
        self.assert_breaks_off(upstream, {"webhook-timeout": "2s"},
                               "timed out")
        self.assertEqual(upstream.requests[0].events[0]["id"], 1)

    def test_who_reads_too_slowly(self):
        # More than the system takes by itself, at 1000 bytes a second.
        upstream = self.upstream()
        upstream.delay_s = 0.1
        with self.start(upstream, {
                "webhook-low-speed": "100KiB", "webhook-low-speed-time": "1s",
                "upload-batch-size": "0", "upload-batch": "10000",
                "webhook-timeout": "40s"}) as collectord:
            for _ in range(16):
                collectord.post(16, "x" * 60000)
            collectord.wait_error("Operation too slow")

    def test_who_answers_too_slowly(self):
        upstream = self.upstream()
        upstream.judge = upstream.hang
        self.assert_breaks_off(
            upstream, {"webhook-low-speed": "1KiB",
                       "webhook-low-speed-time": "1s",
                       "webhook-timeout": "40s"}, "Operation too slow")

    def test_the_low_speed_may_last_for_as_long_as_told(self):
        upstream = self.upstream()
        upstream.judge = lambda request: time.sleep(2.5) or 200
        with self.start(upstream, {"webhook-low-speed": "1KiB",
                                   "webhook-low-speed-time": "30s",
                                   "webhook-timeout": "40s"}) as collectord:
            collectord.post(1)
            collectord.wait_delivered(1)
            self.assertEqual(collectord.stats()["uploader"]["failures"], 0)


if __name__ == "__main__":
    main()
