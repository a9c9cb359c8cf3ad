# SPDX-License-Identifier: MIT
"""The library from Python, by nothing but its binary interface.

Everything is declared by hand, as the author of a binding would from the
headers: a struct that moves, or a function that only C can call, shows here.

usage: test_ctypes.py LIBRARY SANITIZERS
"""
import ctypes as c
import json
import os
import sys
import tempfile
import unittest

OK, INVALID, LOCKED, UNSUPPORTED = 0, -1, -5, -13
DELIVERED, RETRY = 0, 1
LINES = 1
TS = 1767225600000  # does not fit into 32 bits


class Event(c.Structure):
    _fields_ = [
        ("device_id", c.c_char_p),
        ("kind", c.c_char_p),
        ("payload", c.c_char_p),
        ("ts", c.c_int64),
    ]


class BatchLimits(c.Structure):
    _fields_ = [("event_count_max", c.c_uint32), ("bytes_max", c.c_size_t)]


LOG_FN = c.CFUNCTYPE(None, c.c_void_p, c.c_int, c.c_char_p)
RANDOM_FN = c.CFUNCTYPE(c.c_uint64, c.c_void_p)
CLOCK_FN = c.CFUNCTYPE(c.c_int64, c.c_void_p)


class Clock(c.Structure):
    _fields_ = [
        ("wall_ms", CLOCK_FN),
        ("monotonic_ms", CLOCK_FN),
        ("userdata", c.c_void_p),
    ]


class StoreOptions(c.Structure):
    _fields_ = [
        ("size", c.c_size_t),
        ("path", c.c_char_p),
        ("vfs", c.c_char_p),
        ("on_damage", c.c_int),
        ("durability", c.c_int),
        ("indexed", c.c_bool),
        ("mode", c.c_int),
        ("connection_count_max", c.c_uint32),
        ("backlog_max", c.c_uint64),
        ("size_max", c.c_uint64),
        ("retain_ms", c.c_uint64),
        ("dead_letter_max", c.c_uint64),
        ("idempotency_retain_ms", c.c_uint64),
        ("idempotency_max", c.c_uint64),
        ("overflow", c.c_int),
        ("log", LOG_FN),
        ("log_userdata", c.c_void_p),
        ("clock", c.POINTER(Clock)),
        ("random", RANDOM_FN),
        ("random_userdata", c.c_void_p),
    ]


class Receipt(c.Structure):
    _fields_ = [
        ("first_id", c.c_int64),
        ("count", c.c_uint64),
        ("duplicate", c.c_bool),
    ]


class Problem(c.Structure):
    _fields_ = [("index", c.c_int64), ("text", c.c_char * 160)]


class Delivery(c.Structure):
    _fields_ = [
        ("result", c.c_int),
        ("status", c.c_int32),
        ("retry_after_ms", c.c_int64),
        ("attempts", c.c_uint32),
        ("started_at", c.c_int64),
        ("error", c.c_char * 192),
    ]


class StoreStats(c.Structure):
    """As an older program has it: it ends behind the ledger."""

    _fields_ = [
        ("size", c.c_size_t),
        ("collector_id", c.c_char * 37),
        ("indexed", c.c_bool),
        ("storage_ok", c.c_bool),
        ("disk_full", c.c_bool),
        ("salvaging", c.c_bool),
        ("mode", c.c_int),
        ("durability", c.c_int),
        ("overflow", c.c_int),
        ("backlog_max", c.c_uint64),
        ("size_max", c.c_uint64),
        ("accepted", c.c_uint64),
        ("delivered", c.c_uint64),
        ("dead", c.c_uint64),
        ("dropped", c.c_uint64),
        ("pending", c.c_uint64),
    ]


class UploaderStats(c.Structure):
    """Likewise, behind what went wrong."""

    _fields_ = [
        ("size", c.c_size_t),
        ("healthy", c.c_bool),
        ("sink", c.c_char * 32),
        ("last_error", c.c_char * 192),
        ("failures_in_a_row", c.c_uint32),
    ]


DELIVER_FN = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.POINTER(Delivery))
SINK_FN = c.CFUNCTYPE(None, c.c_void_p)


class SinkOps(c.Structure):
    _fields_ = [
        ("size", c.c_size_t),
        ("deliver", DELIVER_FN),
        ("cancel", SINK_FN),
        ("free", SINK_FN),
    ]


class Drain(c.Structure):
    _fields_ = [
        ("event_count", c.c_uint64),
        ("result", c.c_int),
        ("wait_ms", c.c_uint32),
    ]


HANDLE = c.c_void_p
OUT = c.POINTER(HANDLE)
FUNCTIONS = {
    "version": (c.c_char_p,),
    "version_number": (c.c_int32,),
    "error_text": (c.c_char_p, c.c_int),
    "store_options_init": (None, c.POINTER(StoreOptions), c.c_size_t),
    "store_open": (c.c_int, c.POINTER(StoreOptions), OUT),
    "store_append": (c.c_int, HANDLE, c.POINTER(Event), c.c_size_t,
                     c.c_char_p, c.POINTER(Receipt)),
    "store_append_json": (c.c_int, HANDLE, c.c_char_p, c.c_size_t, c.c_int,
                          c.c_char_p, c.POINTER(Receipt), c.POINTER(Problem)),
    "store_fetch": (c.c_int, HANDLE, c.POINTER(BatchLimits), OUT),
    "store_checkpoint": (c.c_int, HANDLE, HANDLE, c.POINTER(Delivery)),
    "store_stats": (None, HANDLE, c.POINTER(StoreStats)),
    "store_free": (None, HANDLE),
    "batch_count": (c.c_size_t, HANDLE),
    "batch_first_id": (c.c_int64, HANDLE),
    "batch_last_id": (c.c_int64, HANDLE),
    "batch_collector_id": (c.c_char_p, HANDLE),
    "batch_event": (c.POINTER(Event), HANDLE, c.c_size_t),
    "batch_json": (c.c_int, HANDLE, c.c_int, c.POINTER(c.c_char_p),
                   c.POINTER(c.c_size_t)),
    "batch_free": (None, HANDLE),
    "sink_new": (c.c_int, c.c_char_p, c.POINTER(SinkOps), c.c_void_p, OUT),
    "sink_free": (None, HANDLE),
    "uploader_new": (c.c_int, HANDLE, HANDLE, c.c_void_p, OUT),
    "uploader_drain": (c.c_int, HANDLE, c.POINTER(Drain)),
    "uploader_start": (c.c_int, HANDLE),
    "uploader_stop": (c.c_int, HANDLE, c.c_uint32),
    "uploader_stats": (None, HANDLE, c.POINTER(UploaderStats)),
    "uploader_free": (None, HANDLE),
}


class Library:
    """The functions, under their names without the prefix."""

    def __init__(self, path):
        library = c.CDLL(path)
        for name, (result, *parameters) in FUNCTIONS.items():
            function = getattr(library, "collector_" + name)
            function.restype = result
            function.argtypes = parameters
            setattr(self, name, function)


class ListSink:
    """A sink that keeps what it is given, after a failure or two."""

    def __init__(self, failures=0):
        self.events = []
        self.attempts = []
        self.freed = 0
        self.failures = failures
        self.ops = SinkOps(c.sizeof(SinkOps), DELIVER_FN(self.deliver),
                           SINK_FN(), SINK_FN(self.free))
        self.handle = HANDLE()
        assert lib.sink_new(b"list", self.ops, 7, self.handle) == OK

    def deliver(self, userdata, batch, delivery):
        assert userdata == 7
        text, size = c.c_char_p(), c.c_size_t()
        assert lib.batch_json(batch, LINES, text, size) == OK
        self.attempts.append(delivery.contents.attempts)
        if self.failures > 0:
            self.failures -= 1
            delivery.contents.result = RETRY
            delivery.contents.error = b"not yet"
            return OK
        assert len(text.value) == size.value
        self.events += [json.loads(line) for line in text.value.splitlines()]
        return OK

    def free(self, userdata):
        self.freed += 1


class Binding(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.lines = []
        self.log = LOG_FN(lambda _, level, line: self.lines.append(line))
        self.options = StoreOptions()
        lib.store_options_init(self.options, c.sizeof(self.options))
        self.options.path = os.path.join(self.directory.name, "e.db").encode()
        self.options.log = self.log
        self.store = HANDLE()
        self.assertEqual(lib.store_open(self.options, self.store), OK)
        self.addCleanup(lambda: lib.store_free(self.store))

    def append(self, *payloads):
        events = (Event * len(payloads))(
            *[Event(b"pump-7", b"t", payload, TS) for payload in payloads])
        receipt = Receipt()
        self.assertEqual(
            lib.store_append(self.store, events, len(events), None, receipt),
            OK)
        return receipt

    def append_json(self, text, key=None):
        receipt, problem = Receipt(), Problem()
        rc = lib.store_append_json(self.store, text, len(text), LINES, key,
                                   receipt, problem)
        return rc, receipt, problem

    def stats(self):
        stats = StoreStats(c.sizeof(StoreStats))
        lib.store_stats(self.store, stats)
        return stats

    def fetch(self):
        batch = HANDLE()
        self.assertEqual(
            lib.store_fetch(self.store, BatchLimits(10, 1 << 20), batch), OK)
        return batch

    def test_defaults(self):
        self.assertEqual(self.options.size, c.sizeof(StoreOptions))
        self.assertEqual(self.options.connection_count_max, 8)
        self.assertEqual(self.options.retain_ms, 7 * 24 * 3600 * 1000)
        self.assertEqual(self.options.dead_letter_max, 10000)
        self.assertEqual(self.options.idempotency_retain_ms, 24 * 3600 * 1000)
        self.assertEqual(self.options.idempotency_max, 100000)
        self.assertFalse(self.options.random)

    def test_receipts(self):
        receipt = self.append(b"21.40", None)
        self.assertEqual((receipt.first_id, receipt.count), (1, 2))
        line = b'{"device_id":"pump-8","kind":"start"}'
        for duplicate in False, True:
            rc, receipt, _ = self.append_json(line, b"key")
            self.assertEqual(rc, OK)
            self.assertEqual((receipt.first_id, receipt.count), (3, 1))
            self.assertEqual(receipt.duplicate, duplicate)

    def test_problem(self):
        rc, _, problem = self.append_json(
            b'{"device_id":"a","kind":"b"}\n{"kind":"b"}')
        self.assertEqual(rc, INVALID)
        self.assertEqual(problem.index, 1)
        self.assertEqual(problem.text, b"device_id is required")

    def test_batch(self):
        self.append(b"21.40", None)
        batch = self.fetch()
        self.assertEqual(lib.batch_count(batch), 2)
        self.assertEqual(lib.batch_first_id(batch), 1)
        self.assertEqual(lib.batch_last_id(batch), 2)
        self.assertEqual(lib.batch_collector_id(batch),
                         self.stats().collector_id)
        first, second = (lib.batch_event(batch, i).contents for i in (0, 1))
        self.assertEqual((first.device_id, first.kind), (b"pump-7", b"t"))
        self.assertEqual((first.payload, first.ts), (b"21.40", TS))
        self.assertIsNone(second.payload)
        self.assertFalse(lib.batch_event(batch, 2))
        lib.batch_free(batch)

    def test_checkpoint(self):
        self.append(b"1", b"2", b"3")
        batch = self.fetch()
        self.assertEqual(
            lib.store_checkpoint(self.store, batch, Delivery(DELIVERED)), OK)
        lib.batch_free(batch)
        self.append(b"4")
        stats = self.stats()
        self.assertEqual((stats.accepted, stats.delivered, stats.pending),
                         (4, 3, 1))
        self.assertTrue(stats.storage_ok)
        self.assertEqual(stats.size, c.sizeof(StoreStats))

    def test_sink(self):
        self.append(b"1", b"2")
        sink, uploader, drain = ListSink(failures=1), HANDLE(), Drain()
        self.assertEqual(
            lib.uploader_new(self.store, sink.handle, None, uploader), OK)
        self.assertEqual(lib.uploader_drain(uploader, drain), OK)
        self.assertEqual((drain.event_count, drain.result), (0, RETRY))
        stats = UploaderStats(c.sizeof(UploaderStats))
        lib.uploader_stats(uploader, stats)
        self.assertEqual((stats.sink, stats.last_error), (b"list", b"not yet"))
        self.assertEqual((stats.healthy, stats.failures_in_a_row), (False, 1))
        # On the library's own thread, which waits for its rest to be over.
        self.assertEqual(lib.uploader_start(uploader), OK)
        self.assertEqual(lib.uploader_stop(uploader, 20000), OK)
        lib.uploader_free(uploader)
        lib.sink_free(sink.handle)
        self.assertEqual([e["id"] for e in sink.events], [1, 2])
        self.assertEqual([e["payload"] for e in sink.events], [1, 2])
        self.assertEqual((sink.attempts, sink.freed), ([1, 2], 1))
        self.assertEqual(self.stats().delivered, 2)

    def test_errors(self):
        other = HANDLE()
        self.assertEqual(lib.store_open(self.options, other), LOCKED)
        self.assertFalse(other)
        self.assertTrue(self.lines)
        self.assertIn(b"process", lib.error_text(LOCKED))
        self.assertEqual(lib.error_text(12345), b"unknown error")

    def test_options_of_a_newer_binding(self):
        class Newer(c.Structure):
            _fields_ = [("known", StoreOptions), ("wish", c.c_uint64)]

        newer, other = Newer(wish=3), HANDLE()
        known = c.cast(c.pointer(newer), c.POINTER(StoreOptions))
        lib.store_options_init(known, c.sizeof(newer))
        self.assertEqual((newer.known.size, newer.wish), (c.sizeof(newer), 0))
        newer.known.path = self.options.path + b"2"
        newer.wish = 3
        self.assertEqual(lib.store_open(known, other), UNSUPPORTED)
        newer.wish = 0
        self.assertEqual(lib.store_open(known, other), OK)
        lib.store_free(other)

    def test_version(self):
        major, minor, patch = map(int, lib.version().split(b"."))
        self.assertEqual(lib.version_number(),
                         major * 1000000 + minor * 1000 + patch)


if __name__ == "__main__":
    path, sanitizers = sys.argv.pop(1), sys.argv.pop(1)
    if sanitizers != "none":
        print("a sanitizer has to be there before Python is")
        sys.exit(77)
    lib = Library(path)
    unittest.main()
