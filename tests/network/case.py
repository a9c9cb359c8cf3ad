# SPDX-License-Identifier: MIT
"""Where a collectord meets a receiver: certificates, and a directory a test.

usage: test_X.py COLLECTORD GZIP, where GZIP is 1 if that is built in
"""
import os
import shutil
import sys
import tempfile
import unittest

import certificates
from collectord import Collectord
from upstream import Upstream

GZIP = len(sys.argv) > 2 and sys.argv[2] == "1"


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="collector-")
        certificates.make(cls.shared)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.directory = tempfile.mkdtemp(dir=self.shared)

    def pem(self, name):
        return os.path.join(self.shared, name)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def upstream(self, client_ca=None):
        """A receiver that stops with the test."""
        upstream = Upstream(self.pem("server.pem"), self.pem("server.key"),
                            client_ca)
        self.addCleanup(upstream.stop)
        return upstream

    def options(self, upstream, more=None):
        """What makes a collectord send to it."""
        options = {"sink": "webhook", "webhook-ca-file": self.pem("ca.pem"),
                   "upload-interval": "20ms"}
        if upstream is not None:
            options["webhook-url"] = upstream.url
        options.update(more or {})
        return {name: value for name, value in options.items()
                if value is not None}

    def start(self, upstream, more=None, **keywords):
        """A collectord that sends to it, for a with statement."""
        return Collectord(self.directory, self.options(upstream, more),
                          **keywords)


def main():
    Collectord.program = sys.argv[1]
    unittest.main(argv=sys.argv[:1], verbosity=2)
