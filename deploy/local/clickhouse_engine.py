"""chdb, the ClickHouse engine as a library, as a thing that runs one statement at a time.

Owns: the one connection and the lock around it, the words of its errors, the lock on its directory.
Does not own: HTTP (`clickhouse_server`), the rewriting of statements (`clickhouse_statement`).
Always: one statement at a time, each in the database that its request names; after a failed INSERT the connection is
        fit for the next statement; an exception of chdb leaves here as an `EngineError` with a ClickHouse error code.
"""

import fcntl
import os
import re
import sys
import threading

from local import clickhouse_statement as statement


class EngineError(Exception):
    """ClickHouse refused the statement."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class Stopping(Exception):
    """The engine is closed; the client shall see what it sees of a server that is gone: a closed connection."""


class Outcome:
    """What a statement gave: bytes of a format, and counts for the summary."""

    def __init__(self, body=b"", format_name="", rows_read=0, bytes_read=0, rows_written=0, bytes_written=0):
        self.body = body
        self.format = format_name
        self.summary = {"read_rows": rows_read, "read_bytes": bytes_read, "written_rows": rows_written, "written_bytes": bytes_written}


class Engine:
    """The one connection to chdb and the lock around it."""

    def __init__(self, directory, memory_bytes):
        from chdb import _chdb
        self._chdb = _chdb
        self._lock = threading.Lock()
        self._connection = _chdb.connect(f"{directory}?max_memory_usage={memory_bytes}")
        self.version = bytes(self._connection.query("SELECT version()", "TabSeparatedRaw").bytes()).decode().strip()
        self.timezone = bytes(self._connection.query("SELECT timezone()", "TabSeparatedRaw").bytes()).decode().strip()

    def query(self, database, sql, format_name, substitutions):
        """Run a statement whose text is complete."""
        with self._entered(database) as connection:
            result = connection.query(sql, format_name, params=substitutions)
            return Outcome(result.bytes(), format_name, result.rows_read(), result.bytes_read(),
                           result.rows_written(), result.bytes_written())

    def insert(self, database, head, format_name, data):
        """Run an INSERT over `data`; one call of append, so that rows which fit into one block are one block."""
        with self._entered(database) as connection:
            handle = connection.send_insert(head, format_name)
            try:
                connection.insert_append(handle, data)
            except BaseException:
                self._cancel(connection, handle)
                raise
            result = connection.insert_done(handle)
            return Outcome(rows_written=result.rows_written(), bytes_written=result.bytes_written())

    def is_read_only(self, sql):
        """Whether ClickHouse itself calls the statement a reading one."""
        with self._lock:
            answer = self._open().classify_query(sql)
        return answer["query_class"].name == "READ_ONLY"

    def close(self, seconds):
        """Wait for the running statement, then close; later requests get no answer."""
        if self._lock.acquire(timeout=seconds):
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            self._lock.release()

    def _entered(self, database):
        return _Entered(self, database)

    def _open(self):
        if self._connection is None:
            raise Stopping
        return self._connection

    def _worded(self, code, text, name):
        return f"Code: {code}. DB::Exception: {text}. ({name}) (version {self.version} (official build))"

    def refusal(self, error):
        """An error of ours in the words of ClickHouse."""
        return EngineError(error.code, self._worded(error.code, str(error), error.name))

    def failure(self, error):
        """An exception of chdb as the error that the HTTP interface reports."""
        text = str(error).strip()
        found = re.search(r"Code: (\d+)\. ", text)
        code = int(found.group(1)) if found else 1001
        text = text[found.start():] if found else self._worded(1001, text, "STD_EXCEPTION")
        text = re.sub(r"^(Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+", r"\1", text)
        text = re.sub(r" ?\(version [^()]*\)\.? ?(?:\([A-Z_0-9]+\))?", "", text)
        return EngineError(code, f"{text} (version {self.version} (official build))")

    @staticmethod
    def _cancel(connection, handle):
        try:
            connection.insert_cancel(handle)
        except RuntimeError:
            pass                # a failed append has already ended the INSERT


class _Entered:
    """The lock held, the database chosen, exceptions of chdb put into words."""

    def __init__(self, engine, database):
        self._engine = engine
        self._database = database

    def __enter__(self):
        self._engine._lock.acquire()
        try:
            connection = self._engine._open()
            connection.query("USE " + statement.quote_identifier(self._database), "Null")
            return connection
        except RuntimeError as error:
            self._engine._lock.release()
            raise self._engine.failure(error) from None
        except BaseException:
            self._engine._lock.release()
            raise

    def __exit__(self, kind, error, trace):
        self._engine._lock.release()
        if isinstance(error, RuntimeError):
            raise self._engine.failure(error) from None
        return False


def hold_directory(directory):
    """Two engines on one directory destroy it; the lock ends with the process, also with kill -9."""
    os.makedirs(directory, exist_ok=True)
    handle = open(os.path.join(directory, "tollgate.lock"), "a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"another process already works on {directory}")
    return handle
