"""Rewriting of one ClickHouse statement: where its settings go, where its data begin.

Owns: a tokeniser that is just good enough to find the clauses of a statement, the placement of settings, the
      reading of URL parameters and multipart forms. Pure: no engine, no network, no files.
Does not own: running the statement (`clickhouse_server`), whether it is correct (ClickHouse says so).
Always: settings end up in the SETTINGS clause of the one statement they came with, never in a SET, because what is
      SET stays: a left-over `insert_deduplication_token` would silently swallow every later INSERT.
      A setting written in the statement wins over the same setting in the URL, as in ClickHouse.

Text is handled as latin-1: every byte is one character, so data in any format behind a FORMAT clause pass through
unharmed, and positions in the text are positions in the bytes.
"""

import re
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

# URL parameters that steer the HTTP interface itself; every other one is a setting of ClickHouse.
INTERFACE_PARAMETERS = frozenset({
    "query", "database", "default_format", "user", "password", "quota_key", "query_id", "session_id",
    "session_timeout", "session_check", "close_session", "stacktrace", "role", "compress", "decompress",
    "buffer_size", "wait_end_of_query", "client_protocol_version", "http_make_head_request",
})

# Statements that ClickHouse parses as "query with output": FORMAT and SETTINGS may follow any of them.
OUTPUT_VERBS = frozenset({
    "SELECT", "WITH", "FROM", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CREATE", "ATTACH", "DETACH",
    "REPLACE", "ALTER", "DROP", "UNDROP", "TRUNCATE", "RENAME", "EXCHANGE", "OPTIMIZE", "CHECK", "KILL", "BACKUP", "RESTORE",
})
# Statements with a SETTINGS clause but no FORMAT.
SETTINGS_ONLY_VERBS = frozenset({"DELETE", "UPDATE"})
# CREATE/ALTER/DROP of these are access management or functions and take neither.
WITHOUT_CLAUSES = frozenset({"FUNCTION", "USER", "ROLE", "QUOTA", "POLICY", "ROW", "SETTINGS", "PROFILE", "NAMED", "RESOURCE", "WORKLOAD"})

SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r\n\f\v]+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/)
      | (?P<string>'[^'\\]*(?:(?:\\.|'')[^'\\]*)*')
      | (?P<quoted>`[^`\\]*(?:(?:\\.|``)[^`\\]*)*` | "[^"\\]*(?:(?:\\.|"")[^"\\]*)*")
      | (?P<heredoc>\$(?P<tag>[A-Za-z0-9_]*)\$.*?\$(?P=tag)\$)
      | (?P<word>[A-Za-z0-9_\x80-\xff]+)
      | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)


class StatementError(Exception):
    """The request cannot be turned into a statement; carries the ClickHouse error code that says so."""

    def __init__(self, code: int, name: str, message: str):
        super().__init__(message)
        self.code = code
        self.name = name


class Token(NamedTuple):
    """One token at its nesting depth; an opening and its closing bracket have the depth outside of them."""

    kind: str
    text: str
    start: int
    end: int
    depth: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


def tokens(text: str) -> Iterator[Token]:
    """Tokens without blanks and comments, lazily: data behind an INSERT are not looked at."""
    depth = 0
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        position = match.end()
        kind = match.lastgroup if match.lastgroup != "tag" else "heredoc"
        if kind == "skip":
            continue
        if match.group() in (")", "]", "}"):
            depth = max(0, depth - 1)
        yield Token(kind, match.group(), match.start(), match.end(), depth)
        if match.group() in ("(", "[", "{"):
            depth += 1


@dataclass
class DataInsert:
    """An INSERT whose rows follow as bytes: `head` up to FORMAT or VALUES, `data_start` where bytes begin."""

    head: str
    format: str
    data_start: int
    settings_open: bool = False
    named: Set[str] = field(default_factory=set)

    def head_with(self, settings: Dict[str, str]) -> str:
        """The head with the settings in its SETTINGS clause."""
        extra = render_settings(settings, self.named)
        if not extra:
            return self.head.rstrip()
        joint = "\n, " if self.settings_open else "\nSETTINGS "
        return self.head.rstrip() + joint + extra


@dataclass
class Plain:
    """Any other statement, without its closing semicolon."""

    verb: str
    text: str
    format: Optional[str] = None
    insert_at: Optional[int] = None
    settings_open: bool = False
    takes: str = "output"
    named: Set[str] = field(default_factory=set)
    writes_a_file: bool = False
    temporary: bool = False

    def with_settings(self, settings: Dict[str, str], default_format: str) -> str:
        """The statement with the settings in the one place its grammar allows; unchanged where there is none."""
        extra = render_settings(settings, self.named)
        if not extra or self.takes == "nothing":
            return self.text
        if self.insert_at is not None:
            joint = "\n, " if self.settings_open else "\nSETTINGS "
            before, after = self.text[:self.insert_at].rstrip(), self.text[self.insert_at:]
            return before + joint + extra + "\n" + after
        if self.settings_open:
            return self.text + "\n, " + extra
        if self.takes == "output" and self.format is None:
            return self.text + "\nFORMAT " + default_format + " SETTINGS " + extra
        return self.text + "\nSETTINGS " + extra


@dataclass
class Unfinished:
    """The beginning of an INSERT that names neither rows nor a SELECT: the rest is in the body."""

    text: str


def render_settings(settings: Dict[str, str], named: Set[str]) -> str:
    """`a = '1', b = 'x'`, leaving out what the statement names itself. ClickHouse takes every setting as a string."""
    parts = []
    for name, value in settings.items():
        if not SETTING_NAME.match(name):
            raise StatementError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        if name not in named:
            parts.append(f"{name} = {quote(value)}")
    return ", ".join(parts)


def quote(value: str) -> str:
    """A string literal of ClickHouse."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def parse(text: str):
    """One of DataInsert, Plain or Unfinished. `text` is latin-1, see the module header."""
    stream = tokens(text)
    first = next((t for t in stream if t.text not in ("(", ";")), None)
    if first is None:
        raise StatementError(62, "SYNTAX_ERROR", "Empty query")
    if first.is_word("INSERT"):
        return _parse_insert(text, stream)
    return _parse_plain(text, first)


def _parse_insert(text: str, stream: Iterator[Token]):
    """Walk the head of an INSERT to the word that says where its rows come from."""
    head = _InsertHead()
    for token in stream:
        word = head.source_word(token)
        if word == "VALUES":
            return DataInsert(text[:token.start], "Values", token.end, head.settings_open, head.named)
        if word == "FORMAT":
            name = next(stream, None)
            if name is None or name.kind not in ("word", "quoted"):
                raise StatementError(62, "SYNTAX_ERROR", "Syntax error: FORMAT without the name of a format")
            start = _after_format_name(text, name.end)
            return DataInsert(text[:token.start], name.text.strip('`"'), start, head.settings_open, head.named)
        if word == "INFILE":
            return Plain("INSERT", text, writes_a_file=True)
        if word == "SELECT":
            start = head.parenthesis if head.parenthesis is not None else token.start
            return _insert_select(text, start, head)
    return Unfinished(text)


class _InsertHead:
    """What has been seen of `INSERT INTO [TABLE] [FUNCTION] name [(columns)] [SETTINGS ..]` so far."""

    def __init__(self):
        self.named: Set[str] = set()
        self.settings_open = False
        self.parenthesis: Optional[int] = None
        self._name_expected = True
        self._previous: Optional[Token] = None

    def source_word(self, token: Token) -> Optional[str]:
        """VALUES, FORMAT, SELECT or INFILE when this token decides it."""
        previous, self._previous = self._previous, token
        if self._name_expected:
            if not token.is_word("INTO", "TABLE", "FUNCTION"):
                self._name_expected = False
            return None
        if previous is not None and previous.text == ".":
            return None
        if token.depth == 1 and previous is not None and previous.text == "(" and token.is_word("SELECT", "WITH"):
            self.parenthesis = previous.start
            return "SELECT"
        if token.depth != 0:
            return None
        if token.is_word("VALUES", "FORMAT"):
            return token.text.upper()
        if token.is_word("SELECT", "WITH", "WATCH", "EXPLAIN"):
            return "SELECT"
        if token.is_word("INFILE"):
            return "INFILE"
        if token.is_word("SETTINGS"):
            self.settings_open = True
        elif self.settings_open and token.text == "=" and previous is not None:
            self.named.add(previous.text.strip('`"'))
        return None


def _after_format_name(text: str, position: int) -> int:
    """Data begin behind blanks and at most one line end after the name of the format."""
    while position < len(text) and text[position] in " \t\r":
        position += 1
    if position < len(text) and text[position] == "\n":
        position += 1
    return position


def _insert_select(text: str, start: int, head: _InsertHead) -> Plain:
    """INSERT .. SELECT: settings go in front of the SELECT; those its SELECT names win."""
    tail = _parse_plain(text[start:], next(tokens(text[start:])))
    plain = Plain("INSERT", text[:start] + tail.text, insert_at=start, settings_open=head.settings_open)
    plain.named = head.named | tail.named
    plain.writes_a_file = tail.writes_a_file
    return plain


def _parse_plain(text: str, first: Token) -> Plain:
    """Find FORMAT, SETTINGS and INTO OUTFILE at the outermost level of any statement but INSERT."""
    every = list(tokens(text))
    while every and every[-1].text == ";":
        every.pop()
    end = every[-1].end if every else len(text)
    plain = Plain(first.text.upper(), text[:end], takes=_clauses_of(every, first))
    outer = [t for t in every if t.depth == 0]
    for index, token in enumerate(outer):
        following = outer[index + 1] if index + 1 < len(outer) else None
        if token.text == ";":
            raise StatementError(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
        if token.is_word("FORMAT") and _is_format_clause(outer, index):
            plain.format, plain.settings_open = following.text.strip('`"'), False
        elif token.is_word("SETTINGS") and following is not None and following.kind in ("word", "quoted") \
                and index + 2 < len(outer) and outer[index + 2].text == "=":
            plain.settings_open = True
            plain.named |= _names_assigned(outer, index)
        elif token.is_word("OUTFILE") and index and outer[index - 1].is_word("INTO"):
            plain.writes_a_file = True
        elif plain.verb == "WITH" and token.is_word("INSERT") and following is not None and following.is_word("INTO"):
            plain.verb, plain.takes = "INSERT", "settings"
    if plain.format is None and plain.takes == "output":
        plain.settings_open = False     # a second, query-level clause behind FORMAT is the one place that always parses
    plain.temporary = plain.verb == "CREATE" and any(t.is_word("TEMPORARY") for t in every[:4])
    return plain


def _clauses_of(every: List[Token], first: Token) -> str:
    """Which clauses may follow the statement: "output" (FORMAT and SETTINGS), "settings", or "nothing"."""
    verb = first.text.upper()
    if verb in SETTINGS_ONLY_VERBS:
        return "settings"
    if verb not in OUTPUT_VERBS:
        return "nothing"
    if verb in ("CREATE", "ALTER", "DROP", "REPLACE"):
        for token in every[1:4]:
            if token.is_word(*WITHOUT_CLAUSES):
                return "nothing"
            if not token.is_word("OR", "REPLACE", "IF", "NOT", "EXISTS"):
                break
    return "output"


def _is_format_clause(outer: List[Token], index: int) -> bool:
    """`FORMAT name` at the end or in front of SETTINGS, and not a column or alias that happens to be called format."""
    if index == 0 or index + 1 >= len(outer) or outer[index + 1].kind not in ("word", "quoted"):
        return False
    if outer[index - 1].text in (".", ",") or outer[index - 1].is_word("AS", "SELECT"):
        return False
    return index + 2 == len(outer) or outer[index + 2].is_word("SETTINGS")


def _names_assigned(outer: List[Token], index: int) -> Set[str]:
    """Names of `SETTINGS a = 1, b = 'x'` from the word SETTINGS at `index` on."""
    names = set()
    for before, sign in zip(outer[index + 1:], outer[index + 2:]):
        if sign.text == "=":
            names.add(before.text.strip('`"'))
    return names


@dataclass
class Parameters:
    """The URL (and form) parameters of one request, sorted by what they are for."""

    interface: Dict[str, str] = field(default_factory=dict)
    settings: Dict[str, str] = field(default_factory=dict)
    substitutions: Dict[str, str] = field(default_factory=dict)


def sort_parameters(pairs: List[Tuple[str, str]]) -> Parameters:
    """`param_x` substitutes {x:Type}, names of the interface steer it, all others are settings."""
    sorted_ = Parameters()
    for name, value in pairs:
        if name.startswith("param_"):
            sorted_.substitutions[name[len("param_"):]] = value
        elif name in INTERFACE_PARAMETERS:
            sorted_.interface[name] = value
        else:
            sorted_.settings[name] = value
    return sorted_


_DISPOSITION_NAME = re.compile(r'(?:^|[;\s])name="((?:[^"\\]|\\.)*)"')
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)


def multipart_fields(content_type: str, body: bytes) -> List[Tuple[str, str]]:
    """Fields of a multipart/form-data body, the way the Rust client sends a query with parameters."""
    match = _BOUNDARY.search(content_type)
    if not match:
        raise StatementError(36, "BAD_ARGUMENTS", "multipart/form-data without a boundary")
    marker = b"\r\n--" + (match.group(1) or match.group(2)).encode("latin-1")
    parts = (b"\r\n" + body).split(marker)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise StatementError(33, "CANNOT_READ_ALL_DATA", "multipart/form-data ends before its closing boundary")
    return [_multipart_field(part) for part in parts[1:-1]]


def _multipart_field(part: bytes) -> Tuple[str, str]:
    header, found, value = part.partition(b"\r\n\r\n")
    name = _DISPOSITION_NAME.search(header.decode("utf-8", "replace"))
    if not found or not name:
        raise StatementError(36, "BAD_ARGUMENTS", "a field of multipart/form-data has no name")
    if b"filename=" in header:
        raise StatementError(48, "NOT_IMPLEMENTED", "the local stack does not support external tables")
    return name.group(1), value.decode("utf-8")


def scan_text(sql: str) -> str:
    """A statement as this module wants it: UTF-8 bytes, one character each."""
    return sql.encode("utf-8").decode("latin-1")


def engine_text(text: str) -> str:
    """Back to the text that the engine wants."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise StatementError(62, "SYNTAX_ERROR", "Syntax error: the statement is not UTF-8") from None
