# SPDX-License-Identifier: MIT
"""Certificates for one run of the tests, made by openssl.

A CA and one that nobody trusts; a server's certificate for 127.0.0.1, and a
client's, both of the CA.
"""
import os
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
DAYS = ["-days", "2"]


def _openssl(directory, *arguments):
    subprocess.run(("openssl",) + arguments, cwd=directory, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def _make_ca(directory, name):
    _openssl(directory, "req", "-x509", *CURVE, *DAYS, "-subj", "/CN=" + name,
             "-keyout", name + ".key", "-out", name + ".pem")


def _make_signed(directory, name):
    with open(os.path.join(directory, name + ".ext"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    _openssl(directory, "req", *CURVE, "-subj", "/CN=" + name,
             "-keyout", name + ".key", "-out", name + ".csr")
    _openssl(directory, "x509", "-req", "-in", name + ".csr", *DAYS,
             "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-extfile", name + ".ext", "-out", name + ".pem")


def make(directory):
    """Make them all in a directory: NAME.pem and NAME.key."""
    for name in ("ca", "stranger"):
        _make_ca(directory, name)
    for name in ("server", "client"):
        _make_signed(directory, name)
    # One file with both, and a key that asks for a pass phrase.
    with open(os.path.join(directory, "both.pem"), "w") as both:
        for part in ("client.pem", "client.key"):
            with open(os.path.join(directory, part)) as file:
                both.write(file.read())
    _openssl(directory, "ec", "-in", "client.key", "-aes128",
             "-passout", "pass:phrase", "-out", "locked.key")
