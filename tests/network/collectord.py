# SPDX-License-Identifier: MIT
"""collectord as a process, on a port and in a directory of its own."""
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

WAIT_S = 60

# Where a proxy could come from that no test has named.
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

# Straight to it, whatever the environment says.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def eventually(condition, what):
    """Wait until it is true; what it came to."""
    deadline = time.monotonic() + WAIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("never came true: " + what)
        time.sleep(0.01)


class Collectord:
    """Use it in a with statement: at its end it stops, and has to exit as it should.

    Options are flags and their values, "" for none; those in config go into a
    file.
    """

    program = None
    status = 0  # with which it is to exit

    def __init__(self, directory, options, config=None, environment=None,
                 wait=True):
        self.directory = directory
        self.db = os.path.join(directory, "events.sqlite")
        self.config_path = os.path.join(directory, "config.json")
        self.write_config(config or {})
        arguments = ["-db", self.db, "-addr", "127.0.0.1:0",
                     "-config", self.config_path, "-drain-timeout", "0s"]
        for name, value in options.items():
            arguments.append("-%s=%s" % (name, value) if value else "-" + name)
        self._lines = []
        self._process = subprocess.Popen(
            [self.program] + arguments, env=self._environment(environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)]
        for reader in self._readers:
            reader.start()
        if wait:
            self._port = int(eventually(
                lambda: re.search(r"listening on \S+:(\d+)", self.log()),
                "it listens:\n" + self.log())[1])

    @staticmethod
    def _environment(more):
        environment = {name: value for name, value in os.environ.items()
                       if name.lower() not in PROXY_VARIABLES}
        environment.update(more or {})
        return environment

    def _read(self, stream):
        for line in stream:
            self._lines.append(line)

    def write_config(self, config):
        with open(self.config_path, "w") as file:
            json.dump({name: value == "true" if value in ("true", "false")
                       else value for name, value in config.items()}, file)

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        """All that it has written."""
        return "".join(self._lines)

    def ask(self, path, body=None):
        """A request, and its answer's text, whatever the status."""
        url = "http://127.0.0.1:%d%s" % (self._port, path)
        try:
            with _opener.open(url, body, WAIT_S) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def post(self, count, payload="x"):
        """Append so many events in one request."""
        event = {"device_id": "d", "kind": "k", "payload": payload}
        answer = self.ask("/events", json.dumps([event] * count).encode())
        assert json.loads(answer)["accepted"] == count, answer

    def stats(self):
        return json.loads(self.ask("/stats"))

    def wait_delivered(self, count):
        eventually(lambda: self.stats()["ledger"]["delivered"] == count,
                   "%d events are delivered:\n%s" % (count, self.log()))

    def wait_error(self, *words):
        """Wait for a delivery that fails, for a reason with these words."""
        error = eventually(
            lambda: self.stats()["uploader"].get("last_error"),
            "a delivery fails")
        for word in words:
            assert word in error, error
        return error

    def reload(self):
        """SIGHUP, and what it says to it."""
        before = len(self._lines)
        self._process.send_signal(signal.SIGHUP)
        eventually(lambda: "reloaded" in "".join(self._lines[before:]),
                   "it reloads")
        return "".join(self._lines[before:])

    def wait(self):
        """Wait for its end; the exit status."""
        status = self._process.wait(WAIT_S)
        for reader in self._readers:
            reader.join(WAIT_S)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        if self._process.poll() is None:
            self._process.terminate()
        try:
            status = self.wait()
        finally:
            self._process.kill()
            self._process.stdout.close()
            self._process.stderr.close()
        if problem[0] is None and status != self.status:
            raise AssertionError("exit %d:\n%s" % (status, self.log()))
