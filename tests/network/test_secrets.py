# SPDX-License-Identifier: MIT
"""What options name is looked at before anything is begun, or not taken over;
and what is secret in it is sent where it has to be, and shown to nobody."""
import base64
import json
import os

from collectord import Collectord
from proxy import Proxy
from case import GZIP, Case, main

SECRETS = ("s3cret", "t0ken", "k3y", "pr0xy",
           base64.b64encode(b"box:s3cret").decode())


class Refused(Collectord):
    """One that ends by itself: it was told something that can't be."""

    status = 2

    def __init__(self, directory, options):
        super().__init__(directory, options, wait=False)


class TestMistakes(Case):
    def setUp(self):
        super().setUp()
        self.write("token", "t0ken\n")
        self.write("empty", "\nt0ken on the second line\n")
        self.write("broken-token", "t0ken\x01\n")
        self.write("nameless", "X-A: 1\n# X-B\nk3y without a name\n")
        self.write("control", "X-A: k3y\x01\n")
        self.write("length", "\nContent-Length: 5\n")
        self.write("own", "x-collector-id: k3y\n")
        self.write("authorization", "X-A: 1\nauthorization: Bearer k3y\n")
        self.write("many", "X-A: k3y\n" * 33)
        self.write("long", "X-A: " + "k3y" * 3000 + "\n")

    def mistakes(self):
        """Options, and how that is said."""
        absent = self.path("absent")
        client = {"webhook-certificate-file": self.pem("client.pem")}
        token = {"webhook-bearer-token-file": self.path("token")}
        yield {"webhook-ca-file": absent}, absent
        yield {"webhook-ca-file": self.directory}, self.directory
        yield {"webhook-ca-file": self.pem("ca.key")}, self.pem("ca.key")
        yield {"webhook-certificate-file": absent}, absent
        yield client, "client.pem"  # which has no key
        yield dict(client, **{"webhook-key-file": absent}), absent
        for key in ("server.key", "locked.key", "client.pem"):
            yield dict(client, **{"webhook-key-file": self.pem(key)}), key
        yield {"webhook-key-file": self.pem("client.key")}, "beside the key"
        for name in ("absent", "empty", "broken-token"):
            yield ({"webhook-bearer-token-file": self.path(name)},
                   "can't read a token from " + self.path(name))
        yield {"webhook-user-agent": "box\x01"}, "user agent"
        if not GZIP:
            yield {"webhook-gzip": "true"}, "built without it"
        yield {"webhook-header-file": absent}, absent
        for name, line in (("nameless", "3: expected a header, Name"),
                           ("control", "1: expected a header without control"),
                           ("length", "2: expected another header"),
                           ("own", "1: expected another header"),
                           ("many", "33: expected 32 headers"),
                           ("long", "1: expected a shorter line")):
            yield ({"webhook-header-file": self.path(name)},
                   "%s:%s" % (self.path(name), line))
        yield (dict(token, **{
            "webhook-header-file": self.path("authorization")}),
               ":2: expected another header than that of the bearer token")

    def assert_says(self, text, words):
        self.assertIn(words, text)
        for secret in SECRETS:
            self.assertNotIn(secret, text)

    def test_it_does_not_begin_with_one(self):
        url = {"webhook-url": "https://127.0.0.1:1/"}
        for more, words in self.mistakes():
            options = self.options(None, dict(url, **more))
            for check in ({}, {"check-config": ""}):
                with self.subTest(words=words, **check), Refused(
                        self.directory, dict(options, **check)) as refused:
                    refused.wait()
                    self.assert_says(refused.log(), words)
            self.assertFalse(os.path.exists(self.path("events.sqlite")))

    def test_nor_goes_on_with_one(self):
        good = {"webhook-ca-file": self.pem("ca.pem")}
        upstream = self.upstream()
        with self.start(upstream, {"webhook-ca-file": None},
                        config=good) as collectord:
            for more, words in self.mistakes():
                with self.subTest(words=words):
                    collectord.write_config(dict(good, **more))
                    said = collectord.reload()
                    self.assert_says(said, words)
                    self.assertIn("nothing was reloaded", said)
            collectord.post(1)
            collectord.wait_delivered(1)


class TestSecrets(Case):
    def config(self, upstream, proxy):
        here = "127.0.0.1:%d"
        return {
            "webhook-url": "https://box:s3cret@" + here % upstream.port +
                           "/in?key=s3cret",
            "webhook-proxy": "http://box:pr0xy@" + here % proxy.port,
        }

    def files(self):
        return {
            "webhook-url": None,
            "webhook-header-file": self.write("headers", "X-Key: k3y\n"),
            "webhook-certificate-file": self.pem("client.pem"),
            "webhook-key-file": self.pem("client.key"),
        }

    def assert_shows_none(self, collectord):
        with open("/proc/%d/cmdline" % collectord.pid) as file:
            shown = [file.read()]
        shown += [collectord.ask("/stats"), collectord.ask("/healthz")]
        shown += [collectord.log()]
        for text in shown:
            self.assertTrue(text)
            for secret in SECRETS:
                self.assertNotIn(secret, text)

    def test_they_are_sent_and_not_shown(self):
        upstream = self.upstream()
        upstream.judge = lambda request: 401
        with Proxy() as proxy, self.start(
                upstream, self.files(),
                config=self.config(upstream, proxy)) as collectord:
            collectord.post(1)
            collectord.wait_error("401")
            self.assert_shows_none(collectord)
            # In place of the password, and through no proxy: all is said.
            upstream.judge = lambda request: 200
            token = self.write("token", "t0ken\n")
            collectord.write_config({"webhook-url": upstream.url,
                                     "webhook-bearer-token-file": token})
            self.assertIn("webhook-proxy was", collectord.reload())
            collectord.wait_delivered(1)
            self.assert_shows_none(collectord)
        first, last = upstream.requests[0], upstream.requests[-1]
        self.assertEqual(first.headers["Authorization"], "Basic " + SECRETS[-1])
        self.assertEqual(first.headers["X-Key"], "k3y")
        self.assertEqual(first.path, "/in?key=s3cret")
        self.assertEqual(last.headers["Authorization"], "Bearer t0ken")

    def test_a_check_hides_them(self):
        options = dict(self.options(None, self.files()), **{
            "check-config": ""})
        with Proxy() as proxy, Collectord(
                self.directory, options, wait=False,
                config=self.config(self.upstream(), proxy)) as checked:
            checked.wait()
            shown = json.loads(checked.log())
        for secret in SECRETS:
            self.assertNotIn(secret, json.dumps(shown))
        self.assertEqual(shown["webhook-proxy"],
                         "http://(hidden)@127.0.0.1:%d" % proxy.port)


if __name__ == "__main__":
    main()
