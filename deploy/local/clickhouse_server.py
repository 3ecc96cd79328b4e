"""The HTTP interface of ClickHouse in front of chdb, the ClickHouse engine as a Python library.

Owns: the subset of the interface that the Rust crate `clickhouse` 0.15 and curl use: /ping, statements by GET and
      POST, INSERT with its rows in the body, settings and `param_x` in the URL or a multipart form, error answers.
Does not own: the engine and its lock (`clickhouse_engine`), how statements are rewritten (`clickhouse_statement`),
      when the program is started or stopped (`engines`).
Always: a body that did not arrive whole is never inserted; what one request sets is gone with the next.
Not supported, and refused with a clear error: compression in either direction (results are sent plain), sessions
        (SET that lasts, temporary tables), external tables, INTO OUTFILE and FROM INFILE, users and roles (all are accepted).

Cost: an INSERT is held in memory once as received and once as it is joined; a result is held whole before it is sent.
Run by the Python of the stack's virtual environment: clickhouse_server.py --data DIR --port PORT.
"""

import argparse
import http.server
import json
import logging
import logging.handlers
import os
import re
import signal
import socket
import sys
import threading
import time
import urllib.parse
import uuid

if __package__ in (None, ""):
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from local import clickhouse_engine, clickhouse_statement as statement

LOG = logging.getLogger("clickhouse")

BODY_BYTES_MAX = 2 << 30
LINE_BYTES_MAX = 64 << 10
LOG_BYTES_MAX = 8 << 20
IDLE_SECONDS = 600
STOP_SECONDS = 30

# The server of ClickHouse answers these error codes with these statuses, and all others with 500.
HTTP_STATUS_OF_CODE = {
    400: {6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676},
    401: {194},
    403: {192, 193, 497, 512, 516},
    404: {46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511},
    408: {159},
    413: {229},
    501: {48},
    503: {76, 209, 439},
}


class Incomplete(Exception):
    """The client went away before its request was complete."""


class TooLarge(Exception):
    """The body is larger than this server takes."""


class Request:
    """One request, read whole: parameters of URL, form and headers, and the body."""

    def __init__(self, method, target, headers, body):
        self.method = method
        split = urllib.parse.urlsplit(target)
        self.path = split.path
        pairs = urllib.parse.parse_qsl(split.query, keep_blank_values=True)
        content_type = headers.get("Content-Type", "")
        if content_type.lower().startswith("multipart/form-data"):
            pairs += statement.multipart_fields(content_type, body)
            body = b""
        self.body = body
        self.parameters = statement.sort_parameters(pairs)
        interface = self.parameters.interface
        self.sql = interface.get("query", "")
        self.database = interface.get("database") or headers.get("X-ClickHouse-Database") or "default"
        self.format = interface.get("default_format") or headers.get("X-ClickHouse-Format") or "TabSeparated"
        self.query_id = interface.get("query_id") or str(uuid.uuid4())
        self.session = interface.get("session_id", "")
        self._refuse_unsupported(headers)

    def _refuse_unsupported(self, headers):
        encoding = headers.get("Content-Encoding", "identity").lower()
        if self.parameters.interface.get("decompress", "0") not in ("0", ""):
            raise unsupported("the local stack takes uncompressed requests only: switch client compression off (decompress=1)")
        if encoding not in ("identity", ""):
            raise unsupported(f"the local stack takes uncompressed requests only, not Content-Encoding: {encoding}")
        if not re.match(r"[A-Za-z0-9_]+\Z", self.format):
            raise statement.StatementError(73, "UNKNOWN_FORMAT", f"Unknown format {self.format}")


def unsupported(message):
    return statement.StatementError(48, "NOT_IMPLEMENTED", message)


def execute(engine, request):
    """Run the statement of a request."""
    parsed, rows = _statement_of(request)
    settings = request.parameters.settings
    substitutions = request.parameters.substitutions
    if isinstance(parsed, statement.DataInsert):
        if request.method == "GET":
            raise statement.StatementError(164, "READONLY", "Cannot execute query in readonly mode: use POST to write")
        head = statement.engine_text(parsed.head_with(settings))
        if substitutions and parsed.format.upper() == "VALUES":
            text = head + " VALUES " + rows.decode("utf-8")
            return engine.query(request.database, text, request.format, substitutions)
        return engine.insert(request.database, head, parsed.format, rows)
    if isinstance(parsed, statement.Unfinished):
        raise statement.StatementError(62, "SYNTAX_ERROR", "Syntax error: INSERT without FORMAT, VALUES or SELECT")
    _refuse_plain(parsed, request)
    if parsed.verb == "SET":
        return clickhouse_engine.Outcome()        # without a session a SET is over when its request is
    text = statement.engine_text(parsed.with_settings(settings, request.format))
    if request.method == "GET" and not engine.is_read_only(text):
        raise statement.StatementError(164, "READONLY", "Cannot execute query in readonly mode: use POST to write")
    outcome = engine.query(request.database, text, request.format, substitutions)
    outcome.format = parsed.format or request.format
    return outcome


def _statement_of(request):
    """The parsed statement, and the bytes of its rows if it is an INSERT of rows.

    ClickHouse reads query and body as one text. A large body is appended only if the query cannot do without.
    """
    text = statement.scan_text(request.sql)
    if text.strip():
        parsed = statement.parse(text)
        if isinstance(parsed, statement.DataInsert):
            return parsed, _joined(text[parsed.data_start:].encode("latin-1"), request.body)
        if not request.body:
            return parsed, b""
        text += "\n"
    text += request.body.decode("latin-1")
    parsed = statement.parse(text)
    if isinstance(parsed, statement.DataInsert):
        return parsed, text[parsed.data_start:].encode("latin-1")
    return parsed, b""


def _joined(tail, body):
    if not tail:
        return body
    return tail + b"\n" + body if body else tail


def _refuse_plain(parsed, request):
    if parsed.writes_a_file:
        raise unsupported("INTO OUTFILE and FROM INFILE are not allowed over HTTP")
    if parsed.temporary or (parsed.verb == "SET" and request.session):
        raise unsupported("the local stack has no sessions: temporary tables and SET that lasts are not supported")
    if parsed.verb == "BEGIN":
        raise unsupported("the local stack has no sessions and so no transactions")


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection: read a request whole, run it, answer; keep the connection."""

    protocol_version = "HTTP/1.1"
    server_version = "ClickHouse-local-stack"
    sys_version = ""
    timeout = IDLE_SECONDS
    rbufsize = 256 << 10
    wbufsize = 64 << 10
    disable_nagle_algorithm = True

    def do_GET(self):
        self._serve("GET")

    def do_HEAD(self):
        self._serve("GET")

    def do_POST(self):
        self._serve("POST")

    def _serve(self, method):
        with self.server.counted():
            try:
                body = self._read_body()
            except (Incomplete, OSError) as error:
                LOG.debug("client went away before its request was complete: %s", error)
                self.close_connection = True
                return
            except TooLarge:
                self.close_connection = True
                self._send(413, b"the body is larger than this server takes\n", {})
                return
            self._respond(method, body)

    def _respond(self, method, body):
        path = self.path.split("?", 1)[0]
        if path == "/ping" or (path == "/" and method == "GET" and "?" not in self.path):
            self._send(200, b"Ok.\n", {"Content-Type": "text/plain; charset=UTF-8"})
        elif path != "/":
            self._send(404, f"there is no handle {path}\n".encode(), {"Content-Type": "text/plain; charset=UTF-8"})
        else:
            self._run(method, body)

    def _run(self, method, body):
        engine = self.server.engine
        started = time.monotonic()
        request = None
        try:
            request = Request(method, self.path, self.headers, body)
            outcome = execute(engine, request)
        except clickhouse_engine.Stopping:
            self.close_connection = True
        except clickhouse_engine.EngineError as error:
            self._fail(request, error)
        except statement.StatementError as error:
            self._fail(request, engine.refusal(error))
        except UnicodeDecodeError:
            self._fail(request, engine.refusal(statement.StatementError(62, "SYNTAX_ERROR", "Syntax error: the statement is not UTF-8")))
        except Exception as error:      # a fault of this program must be an answer, not a dead connection
            LOG.exception("unexpected failure")
            self._fail(request, engine.refusal(statement.StatementError(1001, "STD_EXCEPTION", f"{type(error).__name__}: {error}")))
        else:
            elapsed = time.monotonic() - started
            LOG.debug("%.1f ms, %d bytes in, %d out: %.300s", elapsed * 1000, len(body), len(outcome.body), request.sql or body[:300])
            self._succeed(engine, request, outcome, elapsed)

    def _succeed(self, engine, request, outcome, elapsed):
        summary = dict(outcome.summary, elapsed_ns=int(elapsed * 1e9), result_bytes=len(outcome.body))
        headers = {
            "Content-Type": content_type(outcome.format),
            "X-ClickHouse-Query-Id": request.query_id,
            "X-ClickHouse-Timezone": engine.timezone,
            "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}, separators=(",", ":")),
        }
        if outcome.format:
            headers["X-ClickHouse-Format"] = outcome.format
        self._send(200, outcome.body, headers)

    def _fail(self, request, error):
        LOG.debug("code %d: %.500s", error.code, error.text)
        headers = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-Exception-Code": str(error.code)}
        if request is not None:
            headers["X-ClickHouse-Query-Id"] = request.query_id
        status = next((status for status, codes in HTTP_STATUS_OF_CODE.items() if error.code in codes), 500)
        self._send(status, error.text.encode("utf-8", "replace") + b"\n", headers)

    def _send(self, status, body, headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close" if self.close_connection else "Keep-Alive")
        for name, value in headers.items():
            self.send_header(name, value.replace("\r", " ").replace("\n", " "))
        try:
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()
        except OSError as error:
            LOG.debug("client went away before its answer: %s", error)
            self.close_connection = True

    def _read_body(self):
        """The whole body, or an exception: a part of a body is never handed on."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0").strip()
        if not length.isdigit():
            raise Incomplete(f"Content-Length is {length!r}")
        if int(length) > BODY_BYTES_MAX:
            raise TooLarge
        return self._read_exactly(int(length))

    def _read_chunks(self):
        parts = []
        size = 0
        while True:
            length = self._read_chunk_size()
            size += length
            if size > BODY_BYTES_MAX:
                raise TooLarge
            if length == 0:
                break
            parts.append(self._read_exactly(length))
            if self._read_exactly(2) != b"\r\n":
                raise Incomplete("a chunk does not end where its length says")
        while self._read_line() not in (b"\r\n", b"\n"):
            pass                # trailers
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_chunk_size(self):
        digits = self._read_line().split(b";", 1)[0].strip()
        if not re.match(rb"[0-9A-Fa-f]{1,15}\Z", digits):
            raise Incomplete(f"a chunk has the length {digits[:20]!r}")
        return int(digits, 16)

    def _read_line(self):
        line = self.rfile.readline(LINE_BYTES_MAX)
        if not line.endswith(b"\n"):
            raise Incomplete("the connection ended inside a body")
        return line

    def _read_exactly(self, length):
        data = self.rfile.read(length) if length else b""
        if len(data) != length:
            raise Incomplete(f"the connection ended after {len(data)} of {length} bytes")
        return data

    def log_message(self, template, *arguments):
        LOG.debug(template, *arguments)


def content_type(format_name):
    """The media type of an output format."""
    if format_name.startswith("JSON"):
        return "application/x-ndjson; charset=UTF-8" if "EachRow" in format_name else "application/json; charset=UTF-8"
    if format_name.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    if format_name.startswith("CSV"):
        return "text/csv; charset=UTF-8"
    if format_name.startswith(("RowBinary", "Native", "Parquet", "Arrow")):
        return "application/octet-stream"
    return "text/plain; charset=UTF-8"


class Server(http.server.ThreadingHTTPServer):
    """A thread per connection; counts requests in progress so that a stop can let them finish."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, engine):
        self.engine = engine
        self._active = 0
        self._changed = threading.Condition()
        super().__init__(address, Handler)

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def counted(self):
        return _Counted(self)

    def change(self, by):
        with self._changed:
            self._active += by
            self._changed.notify_all()

    def wait_idle(self, seconds):
        with self._changed:
            self._changed.wait_for(lambda: self._active == 0, timeout=seconds)

    def handle_error(self, request, client_address):
        LOG.debug("connection ended with an error", exc_info=True)


class _Counted:
    def __init__(self, server):
        self._server = server

    def __enter__(self):
        self._server.change(1)

    def __exit__(self, *error):
        self._server.change(-1)


def start_log(path, level):
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES_MAX, backupCount=1) if path else logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(level.upper())


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", required=True, help="directory of the databases")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--memory-bytes", type=int, default=4 << 30, help="what one statement may use (default 4 GiB)")
    parser.add_argument("--log", help="file of the log (default: standard error); bounded to twice 8 MiB")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning"], help="debug logs every statement")
    return parser.parse_args()


def main():
    options = arguments()
    start_log(options.log, options.log_level)
    held = clickhouse_engine.hold_directory(options.data)
    started = time.monotonic()
    engine = clickhouse_engine.Engine(os.path.join(options.data, "engine"), options.memory_bytes)
    server = Server((options.host, options.port), engine)
    # blocked before any thread is made, so that only the wait below takes them
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    threading.Thread(target=server.serve_forever, name="accept", daemon=True).start()
    LOG.info("ClickHouse %s on %s:%d after %.1f s", engine.version, options.host, options.port, time.monotonic() - started)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    LOG.info("stopping")
    server.shutdown()
    engine.close(STOP_SECONDS)
    server.wait_idle(2)
    LOG.info("stopped")
    logging.shutdown()
    held.close()
    os._exit(0)


if __name__ == "__main__":
    main()
