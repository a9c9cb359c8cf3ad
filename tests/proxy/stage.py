# SPDX-License-Identifier: MIT
"""A collector with a proxy in front of it, as they ship, on this machine.

The proxy's configuration is the one that is installed; only ports and paths
are exchanged, and what is an option there is switched on the way that the
README says. Whatever is started here is ended here.
"""
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess

import certificates
from collectord import eventually

STOP_S_MAX = 20
INGEST, READ = "ingest-0123456789", "read-0123456789ab"


def free_port():
    """A port that no connection of somebody else's gets, also while nobody
    listens there: the system takes those from 32768 on."""
    while True:
        with socket.socket() as probe:
            address = "127.0.0.1", random.randrange(20000, 32768)
            if probe.connect_ex(address) != 0:
                return address[1]


def connections(port):
    """The far ends of all connections to a port of this machine, open ones and
    those of the last minute."""
    ends = set()
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            local, remote = (int(end.split(":")[1], 16)
                             for end in line.split()[1:3])
            if local == port and remote != 0:
                ends.add(remote)
            elif remote == port:
                ends.add(local)
    return ends


class Certificates:
    """An authority, a server and a client of its, and a stranger."""

    def __init__(self, directory):
        self.directory = directory
        certificates.make(directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def pair(self, name):
        return self.path(name + ".pem"), self.path(name + ".key")


class Process:
    """A program in the foreground, whose log is a file."""

    def __init__(self, command, log, env=None):
        self.log_path = log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=file, stderr=file, env=env)

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def is_up(self, condition):
        if self.process.poll() is not None:
            raise AssertionError(f"it ended at start:\n{self.log()}")
        return condition()

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S_MAX)

    def kill(self):
        self.end(signal.SIGKILL)

    def clear_away(self):
        """However it is; a program that has others of its own ends them."""
        try:
            self.end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()


class Collector:
    """collectord, with tokens, on a port that a restart keeps."""

    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.db = os.path.join(directory, "events.sqlite")
        self.tokens = os.path.join(directory, "tokens")
        self.port = free_port()
        self.process = None
        with open(self.tokens, "w", encoding="ascii") as file:
            file.write(f"ingest {INGEST}\nread {READ}\n")

    def start(self):
        log = os.path.join(self.directory, "collectord.log")
        if os.path.exists(log):
            os.unlink(log)
        self.process = Process(
            [self.program, "-db", self.db, "-addr", f"127.0.0.1:{self.port}",
             "-auth-token-file", self.tokens], log)
        eventually(lambda: self.process.is_up(
            lambda: "listening on" in self.process.log()), "it listens")

    def rows(self, sql):
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True) as db:
            return db.execute(sql).fetchall()

    def event_count(self):
        return self.rows("SELECT count(*) FROM events")[0][0]


class Proxy:
    """What both proxies have in common. A subclass says how it is called, and
    what has to be exchanged in its configuration to run it here."""

    # How sed switches on the commented lines that are an option.
    mutual = ""

    def __init__(self, config, directory, certificates, upstream_port):
        self.directory = directory
        self.certificates = certificates
        self.upstream_port = upstream_port
        self.port = free_port()
        self.process = None
        self.log_path = self.path("proxy.log")
        self.config = self.path(os.path.basename(config))
        shutil.copy(config, self.config)

    def path(self, name):
        return os.path.join(self.directory, name)

    def switch_on(self, script):
        """Edit the configuration with sed, as its user does."""
        subprocess.run(["sed", "-i", script, self.config], check=True)

    def exchange(self, pairs):
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        for pattern, replacement in pairs:
            text, count = re.subn(pattern, replacement, text, flags=re.M)
            if count == 0:
                raise AssertionError(f"{pattern} is not in {self.config}")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def exchange_paths(self):
        certificate, key = self.certificates.pair("server")
        self.exchange([
            (r"/etc/ssl/collectord\.pem", certificate),
            (r"/etc/ssl/private/collectord\.key", key),
            (r"/etc/ssl/collectord-clients\.pem",
             self.certificates.path("ca.pem")),
            (r"127\.0\.0\.1:8080", f"127.0.0.1:{self.upstream_port}"),
        ])

    def start(self, laid):
        self.exchange_paths()
        env = dict(os.environ, LD_LIBRARY_PATH=laid)
        self.process = Process(self.command(), self.log_path, env)
        eventually(lambda: self.process.is_up(self.answers),
                   "the proxy listens")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Nginx(Proxy):
    program, place = "nginx", "nginx/conf.d/collectord.conf"
    mutual = r"s/#\(ssl_client_certificate\|ssl_verify_client\)/\1/"
    rate = r"s/#\(limit_req\)/\1/"

    def command(self):
        self.exchange([(r"listen 443 ", f"listen 127.0.0.1:{self.port} ")])
        main = self.path("main.conf")
        places = "".join(
            f"{module}_temp_path {self.path(module)};"
            for module in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(main, "w", encoding="utf-8") as file:
            file.write(f"daemon off; worker_processes 1;"
                       f"pid {self.path('pid')}; error_log stderr warn;"
                       f"{'user root;' if os.getuid() == 0 else ''}"
                       f"events {{ worker_connections 256; }}"
                       f"http {{ {places} include {self.config}; }}")
        return ["nginx", "-e", "stderr", "-p", self.directory, "-c", main]


class Stunnel(Proxy):
    program, place = "stunnel4", "stunnel/collectord.conf"
    mutual = r"s/;\(CAfile\|verifyChain\)/\1/"

    def command(self):
        self.exchange([(r"accept = 443", f"accept = 127.0.0.1:{self.port}"),
                       (r"^set[ug]id = stunnel4\n", "")])
        return ["stunnel4", self.config]
