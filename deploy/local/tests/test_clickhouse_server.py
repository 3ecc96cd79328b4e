"""The ClickHouse server for real: started with the Python of the stack on a free port and an empty directory.

Fails, and never skips, when the wheels are not installed: run `deploy/stack up` once.
"""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from local import layout, wheels

SERVER = layout.REPOSITORY / "deploy" / "local" / "clickhouse_server.py"
START_SECONDS = 30


class Server:
    """One server process; can be killed and started again on the same data."""

    def __init__(self, directory):
        self.directory = directory
        with socket.socket() as probe:
            probe.bind((layout.HOST, 0))
            self.port = probe.getsockname()[1]

    def start(self):
        python = wheels.python(layout.Layout().environment)
        if not python.exists():
            raise AssertionError("the wheels are not installed: run deploy/stack up once")
        self.process = subprocess.Popen([str(python), "-B", str(SERVER), "--data", str(self.directory / "data"), "--port", str(self.port),
                                         "--log", str(self.directory / "log")], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.get("/ping")
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError("the server does not answer") from None
                time.sleep(0.05)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def connection(self):
        return http.client.HTTPConnection(layout.HOST, self.port, timeout=60)

    def get(self, path):
        with contextlib.closing(self.connection()) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def post(self, body, connection=None, headers=None, **parameters):
        if connection is None:
            with contextlib.closing(self.connection()) as connection:
                return self.post(body, connection, headers, **parameters)
        connection.request("POST", "/?" + urllib.parse.urlencode(parameters), body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, data, answer.headers

    def value(self, sql, **parameters):
        status, data, _ = self.post(sql.encode(), **parameters)
        if status != 200:
            raise AssertionError(data.decode())
        return data.decode().rstrip("\n")


def row(number, text):
    """A row (UInt64, String) in RowBinary; the text is shorter than 128 bytes."""
    return struct.pack("<Q", number) + bytes([len(text)]) + text


class ClickHouseServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.server = Server(pathlib.Path(cls.directory.name))
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.directory.cleanup()

    def setUp(self):
        self.database = "test_" + self._testMethodName
        self.server.value(f"CREATE DATABASE {self.database}")
        self.server.value("CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
                          database=self.database)

    def tearDown(self):
        self.server.value(f"DROP DATABASE {self.database} SYNC")

    def insert(self, data, **parameters):
        parameters = {"query": "INSERT INTO t(a, b) FORMAT RowBinary", "database": self.database, "async_insert": "0", **parameters}
        return self.server.post(data, **parameters)

    def count(self):
        return int(self.server.value("SELECT count() FROM t", database=self.database))

    def test_ping(self):
        self.assertEqual(self.server.get("/ping"), (200, b"Ok.\n"))

    def test_a_token_inserts_once_and_does_not_stay(self):
        data = row(1, b"one") + row(2, b"two")
        for _ in range(2):
            status, _, headers = self.insert(data, insert_deduplication_token="batch-1")
            self.assertEqual(status, 200)
        self.assertEqual(self.count(), 2)
        self.assertEqual(json.loads(headers["X-ClickHouse-Summary"])["written_rows"], "2")
        self.insert(row(3, b"three"))
        self.insert(row(3, b"three"), insert_deduplication_token="batch-2")
        self.assertEqual(self.count(), 4)

    def test_tokens_and_rows_survive_kill(self):
        self.insert(row(1, b"one"), insert_deduplication_token="batch-1")
        self.server.stop(signal.SIGKILL)
        self.server.start()
        self.assertEqual(self.count(), 1)
        self.insert(row(1, b"one"), insert_deduplication_token="batch-1")
        self.assertEqual(self.count(), 1)

    def test_formats(self):
        self.insert(row(7, "ёж".encode()))
        ask = lambda name: self.server.post(b"SELECT a, b FROM t", database=self.database, default_format=name)[1]
        self.assertEqual(ask("RowBinary"), row(7, "ёж".encode()))
        self.assertEqual(ask("RowBinaryWithNamesAndTypes"), b"\x02\x01a\x01b\x06UInt64\x06String" + row(7, "ёж".encode()))
        self.assertEqual(ask("JSONEachRow"), '{"a":7,"b":"ёж"}\n'.encode())
        self.assertEqual(ask("TabSeparated"), "7\tёж\n".encode())
        self.assertEqual(self.server.value("SELECT a FROM t FORMAT CSV", database=self.database, default_format="RowBinary"), "7")

    def test_ways_to_insert(self):
        post = self.server.post
        self.assertEqual(post(b"INSERT INTO t VALUES (1, 'a;b'), (1 + 1, concat('c', 'd'));", database=self.database)[0], 200)
        self.assertEqual(post(b'INSERT INTO t FORMAT JSONEachRow {"a": 3, "b": "x"}', database=self.database, max_threads="1")[0], 200)
        self.assertEqual(post(b"4\ty\n", database=self.database, query="INSERT INTO t FORMAT TSV")[0], 200)
        self.assertEqual(post(b"INSERT INTO t SELECT number, '' FROM numbers(5)", database=self.database, insert_deduplication_token="s")[0], 200)
        self.assertEqual(post(b"", database=self.database, query="INSERT INTO t FORMAT RowBinary")[0], 200)
        self.assertEqual(self.count(), 9)

    def test_parameters_in_url_and_form(self):
        self.assertEqual(self.server.value("SELECT {n:UInt64} + 1, {s:String}", param_n="41", param_s="it's"), "42\tit\\'s")
        form = '--B\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {s: String}\r\n' \
               '--B\r\nContent-Disposition: form-data; name="param_s"\r\n\r\nмир\r\n--B--\r\n'
        status, data, _ = self.server.post(form.encode(), headers={"Content-Type": "multipart/form-data; boundary=B"}, default_format="RowBinary")
        self.assertEqual((status, data), (200, bytes([6]) + "мир".encode()))
        self.assertEqual(self.server.post(b"SELECT {n:UInt8}", param_n="many")[2]["X-ClickHouse-Exception-Code"], "457")

    def test_errors_have_code_and_status(self):
        for sql, status, code in (("SELEC 1", 400, "62"), ("SELECT 1; SELECT 2", 400, "62"), ("SELECT * FROM nowhere", 404, "60"), ("", 400, "62"),
                                  ("SELECT nothing", 404, "47"), ("CREATE TEMPORARY TABLE x (a Int8)", 501, "48"), ("SELECT 1 FORMAT Nope", 404, "73")):
            got, text, headers = self.server.post(sql.encode())
            self.assertEqual((got, headers["X-ClickHouse-Exception-Code"]), (status, code), sql)
            self.assertTrue(text.startswith(b"Code: " + code.encode() + b". DB::Exception: "), text)
        self.assertEqual(self.server.post(b"SELECT 1", database="nowhere")[0], 404)
        self.assertEqual(self.server.post(b"SELECT 1", no_such_setting="1")[2]["X-ClickHouse-Exception-Code"], "115")
        self.assertEqual(self.insert(b"", decompress="1")[0], 501)

    def test_a_failed_insert_leaves_nothing_behind(self):
        self.assertEqual(self.insert(row(1, b"one") + row(2, b"two")[:-1])[2]["X-ClickHouse-Exception-Code"], "33")
        self.assertEqual(self.count(), 0)
        self.assertEqual(self.insert(row(1, b"one"))[0], 200)

    def test_settings_end_with_their_statement(self):
        ask = "SELECT getSetting('max_block_size')"
        before = self.server.value(ask)
        self.assertEqual(self.server.value(ask, max_block_size="7"), "7")
        self.server.value("SET max_block_size = 9")
        self.assertEqual(self.server.value(ask), before)

    def test_chunked_body(self):
        with contextlib.closing(self.server.connection()) as connection:
            for first in (0, 20_000):   # the connection is kept and usable afterwards
                rows = [row(number, b"x" * 100) for number in range(first, first + 20_000)]
                status, data, _ = self.insert((b"".join(rows[n:n + 1000]) for n in range(0, len(rows), 1000)), connection=connection)
                self.assertEqual((status, data), (200, b""))
        self.assertEqual(self.count(), 40_000)

    def test_a_cut_body_is_not_inserted(self):
        head = f"POST /?database={self.database}&query=INSERT+INTO+t+FORMAT+RowBinary HTTP/1.1\r\nHost: x\r\n".encode()
        part = row(1, b"one")
        for body in (b"Content-Length: 1000\r\n\r\n" + part, b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(part), part),
                     b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + part):
            with socket.create_connection((layout.HOST, self.server.port)) as client:
                client.sendall(head + body)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(client.recv(100), b"")
        self.assertEqual(self.count(), 0)

    def test_one_insert_is_one_block(self):
        self.insert(b"".join(row(number, b"x" * 50) for number in range(100_000)))
        self.assertEqual(self.server.value("SELECT count(), sum(rows) FROM system.parts WHERE database = {d:String} AND active", param_d=self.database), "1\t100000")

    def test_many_clients_at_once(self):
        faults = []

        def client(number):
            with contextlib.closing(self.server.connection()) as connection:
                for turn in range(20):
                    database = self.database if number % 2 else "default"
                    data = self.server.post(b"SELECT currentDatabase(), {n:UInt64}", connection, database=database, param_n=str(number))[1]
                    if data != f"{database}\t{number}\n".encode():
                        faults.append(data)
                    if self.insert(row(number * 100 + turn, b"x"), connection=connection)[0] != 200:
                        faults.append("insert")

        threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual(self.count(), 160)

    def test_ping_does_not_wait_for_a_statement(self):
        slow = threading.Thread(target=self.server.value, args=("SELECT sleep(2)",))
        slow.start()
        time.sleep(0.2)
        begun = time.monotonic()
        self.server.get("/ping")
        self.assertLess(time.monotonic() - begun, 1)
        slow.join()

    def test_get_only_reads(self):
        self.assertEqual(self.server.get("/?query=SELECT+1"), (200, b"1\n"))
        for sql in ("DROP TABLE t", "INSERT INTO t VALUES (1, 'x')"):
            self.assertIn(b"Code: 164", self.server.get("/?" + urllib.parse.urlencode({"query": sql, "database": self.database}))[1])
        self.assertEqual(self.count(), 0)

    def test_a_second_server_on_the_same_data_is_refused(self):
        python = wheels.python(layout.Layout().environment)
        second = subprocess.run([str(python), "-B", str(SERVER), "--data", str(self.server.directory / "data"), "--port", "1"],
                                capture_output=True, text=True, timeout=30)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another process", second.stderr)

    def test_stop_is_clean(self):
        self.insert(row(1, b"one"))
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse(os.path.exists(f"/proc/{self.server.process.pid}"))
        self.server.start()
        self.assertEqual(self.count(), 1)


if __name__ == "__main__":
    unittest.main()
