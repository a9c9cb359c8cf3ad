# SPDX-License-Identifier: MIT
"""What the webhook sends, and how much of it, to a receiver over HTTPS."""
import os
import time
import unittest

from collectord import eventually
from case import GZIP, Case, main


class TestHead(Case):
    def test_a_token_is_read_anew_for_each_request(self):
        upstream = self.upstream()
        path = self.write("token", "first\n")
        with self.start(upstream, {
                "webhook-bearer-token-file": path}) as collectord:
            collectord.post(1)
            collectord.wait_delivered(1)
            # As careful people do it: never half a file.
            os.rename(self.write("token.new", "second\n"), path)
            collectord.post(1)
            collectord.wait_delivered(2)
        self.assertEqual([request.headers["Authorization"]
                          for request in upstream.requests],
                         ["Bearer first", "Bearer second"])

    def test_headers_come_from_a_file_and_anew_with_sighup(self):
        upstream = self.upstream()
        path = self.write("headers", "# who we are\n\nX-Site: north 7\r\n"
                                     "  X-Key:k3y  \nHost: events.example\n")
        with self.start(upstream, {"webhook-header-file": path}) as collectord:
            collectord.post(1)
            collectord.wait_delivered(1)
            self.write("headers", "X-Site: south\n")
            collectord.reload()
            collectord.post(1)
            collectord.wait_delivered(2)
            self.write("headers", "X-Site: west\nContent-Type: k3y\n")
            said = collectord.reload()
            self.assertIn("nothing was reloaded: %s:2: " % path, said)
            self.assertNotIn("k3y", said)
            collectord.post(1)
            collectord.wait_delivered(3)
        first, second, third = (r.headers for r in upstream.requests)
        self.assertEqual(first["X-Site"], "north 7")
        self.assertEqual(first["X-Key"], "k3y")
        self.assertEqual(first.get_all("Host"), ["events.example"])
        self.assertEqual(second["X-Site"], "south")
        self.assertIsNone(second["X-Key"])
        self.assertEqual(third["X-Site"], "south")

    def test_it_names_itself(self):
        upstream = self.upstream()
        with self.start(upstream) as collectord:
            collectord.post(1)
            collectord.wait_delivered(1)
            version = collectord.log().split("collectord ")[1].split()[0]
            collectord.write_config({"webhook-user-agent": "box/7 (north)"})
            collectord.reload()
            collectord.post(1)
            collectord.wait_delivered(2)
        self.assertEqual([request.headers["User-Agent"]
                          for request in upstream.requests],
                         ["collectord/" + version, "box/7 (north)"])


@unittest.skipUnless(GZIP, "built without gzip")
class TestGzip(Case):
    def start_packed(self, upstream, more=None):
        return self.start(upstream, dict(more or {}, **{
            "webhook-gzip": "true"}))

    def test_a_packed_body_is_the_plain_one(self):
        upstream = self.upstream()
        upstream.judge = lambda request: 503 if request.packed else 200
        with self.start_packed(upstream) as collectord:
            collectord.post(500, {"celsius": 21.4})
            collectord.wait_error("503")
        with self.start(upstream) as collectord:
            collectord.wait_delivered(500)
        packed, plain = upstream.requests[0], upstream.requests[-1]
        self.assertTrue(packed.packed)
        self.assertFalse(plain.packed)
        self.assertEqual(packed.body, plain.raw)
        self.assertLess(len(packed.raw), len(plain.raw) // 5)
        self.assertEqual(plain.headers["Content-Type"],
                         packed.headers["Content-Type"])

    def test_what_does_not_shrink_goes_as_it_is(self):
        upstream = self.upstream()
        with self.start_packed(upstream) as collectord:
            collectord.post(1, 1)
            collectord.wait_delivered(1)
        self.assertFalse(upstream.requests[0].packed)

    def assert_given_up(self, status):
        upstream = self.upstream()
        upstream.judge = lambda request: status if request.packed else 200
        with self.start_packed(upstream, {"upload-batch": 10}) as collectord:
            collectord.post(50, "x" * 100)
            collectord.wait_delivered(50)
            stats = collectord.stats()
            self.assertIn("refuses gzip (HTTP %d)" % status, collectord.log())
        self.assertEqual(stats["ledger"]["dead"], 0)
        self.assertEqual(stats["uploader"]["failures"], 0)
        self.assertEqual([request.packed for request in upstream.requests],
                         [True] + [False] * 5)

    def test_who_can_not_read_it_gets_it_plain(self):
        self.assert_given_up(415)

    def test_who_can_not_even_say_so_gets_it_plain(self):
        self.assert_given_up(400)

    def test_who_has_read_it_means_the_event(self):
        upstream = self.upstream()
        with self.start_packed(upstream) as collectord:
            collectord.post(10, "x" * 100)
            collectord.wait_delivered(10)
            upstream.judge = lambda request: 422
            collectord.post(1, "x" * 1000)
            eventually(lambda: collectord.stats()["ledger"]["dead"] == 1,
                       "the event is buried")
        self.assertTrue(all(request.packed for request in upstream.requests))

    def test_who_refuses_both_means_the_event(self):
        upstream = self.upstream()
        upstream.judge = lambda request: 415
        with self.start_packed(upstream) as collectord:
            collectord.post(1, "x" * 1000)
            eventually(lambda: collectord.stats()["ledger"]["dead"] == 1,
                       "the event is buried")
            self.assertNotIn("refuses gzip", collectord.log())
        self.assertEqual([request.packed for request in upstream.requests],
                         [True, False])


class TestAmount(Case):
    def test_no_request_is_larger_than_the_cap(self):
        upstream = self.upstream()
        with self.start(upstream, {"upload-batch-size": "10KiB"}) as collectord:
            collectord.post(100, "x" * 1000)
            collectord.post(1, "y" * 20000)
            collectord.post(10, "x" * 1000)
            collectord.wait_delivered(111)
        for request in upstream.requests:
            if len(request.events) > 1:
                self.assertLessEqual(len(request.raw), 10240)
                self.assertNotIn(b"yy", request.raw)
        self.assertGreater(len(upstream.requests[0].events), 5)

    def drain(self, upstream, more, count):
        """Drain so many events; how long that takes, to the last request."""
        with self.start(upstream, more) as collectord:
            started = time.monotonic()
            collectord.post(count, "x" * 900)
            collectord.wait_delivered(count)
            stats = collectord.stats()
            self.assertTrue(stats["uploader"]["healthy"])
            self.assertEqual(stats["uploader"]["failures"], 0)
            self.assertGreater(stats["uploader"]["throttled_ms"], 0)
            self.assertIn(
                "\ncollectord_uploader_throttled_seconds_total %.3f\n" %
                (stats["uploader"]["throttled_ms"] / 1000),
                collectord.ask("/metrics"))
        return upstream.requests[-1].at - started

    def test_events_come_at_their_rate(self):
        upstream = self.upstream()
        took = self.drain(upstream, {"upload-rate-events": 20}, 50)
        # 30 beyond a burst; 20 ms are for clocks that tick apart.
        self.assertGreaterEqual(took, 1.5 - 0.02)
        for request in upstream.requests:
            self.assertLessEqual(len(request.events), 20)

    def test_bytes_come_at_their_rate(self):
        upstream = self.upstream()
        took = self.drain(upstream, {"upload-rate-bytes": "20KiB"}, 50)
        total = sum(len(request.raw) for request in upstream.requests)
        self.assertGreaterEqual(took, (total - 20480) / 20480 - 0.02)
        self.assertGreater(took, 1)
        for request in upstream.requests:
            self.assertLessEqual(len(request.raw), 20480)

    def test_a_rate_can_be_lifted(self):
        upstream = self.upstream()
        with self.start(upstream,
                        config={"upload-rate-events": 1}) as collectord:
            collectord.post(10000)
            collectord.wait_delivered(1)
            collectord.write_config({})
            collectord.reload()
            collectord.wait_delivered(10000)

    def test_a_stop_keeps_to_the_rate(self):
        upstream = self.upstream()
        with self.start(upstream, {"upload-rate-events": 5,
                                   "drain-timeout": "300ms"}) as collectord:
            collectord.post(1000)
            upstream.wait(1)
        took = time.monotonic() - upstream.requests[0].at
        delivered = sum(len(request.events) for request in upstream.requests)
        self.assertLessEqual(delivered, 5 + 5 * (took + 1))


if __name__ == "__main__":
    main()
