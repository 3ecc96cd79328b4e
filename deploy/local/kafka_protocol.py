"""A few requests of the Kafka protocol by hand: is the broker well, which topics are there, where do their logs end.

Owns: the bytes of ApiVersions 0, Metadata 4, ListOffsets 1 and Fetch 4, plain TCP.
Does not own: producing, consuming (records in an answer are skipped), TLS, SASL. A broker that asks for those is reported as not answering.
Always: never creates a topic by asking for it; where a log ends is what Fetch says, because the local broker's ListOffsets answers too little.
"""

import socket
import struct

API_FETCH, API_LIST_OFFSETS, API_METADATA, API_VERSIONS = 1, 2, 3, 18
LATEST = -1
OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION = 1, 3
FETCH_WAIT_MS = 100                                     # with 0 the local broker answers no partition at all
FETCH_BYTES_MIN, FETCH_BYTES_MAX = 0, 1                 # a broker sends one batch at most, or nothing
ANSWER_BYTES_MAX = 64 << 20
CLIENT = "tollgate-stack"


class ProtocolError(Exception):
    """The broker answered something that is not the Kafka protocol as known here."""


class Reader:
    """Takes an answer apart; runs out with a ProtocolError, never with garbage."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def _take(self, length):
        if length < 0 or self._at + length > len(self._data):
            raise ProtocolError("the answer is shorter than it says")
        self._at += length
        return self._data[self._at - length:self._at]

    def _number(self, code, length):
        return struct.unpack(code, self._take(length))[0]

    def int8(self):
        return self._number(">b", 1)

    def int16(self):
        return self._number(">h", 2)

    def int32(self):
        return self._number(">i", 4)

    def int64(self):
        return self._number(">q", 8)

    def string(self):
        length = self.int16()
        return None if length == -1 else self._take(length).decode("utf-8", "replace")

    def skip_bytes(self):
        self._take(max(0, self.int32()))

    def array(self, item):
        return [item(self) for _ in range(max(0, self.int32()))]


def string(text):
    if text is None:
        return struct.pack(">h", -1)
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


def request(api, version, correlation, body):
    """A framed request with header version 1."""
    message = struct.pack(">hhi", api, version, correlation) + string(CLIENT) + body
    return struct.pack(">i", len(message)) + message


def metadata_body(topics):
    """Metadata 4: named topics, and no creation of those that are missing."""
    return array([string(topic) for topic in topics]) + b"\0"


def list_offsets_body(partitions_by_topic):
    """ListOffsets 1: the latest offset of every partition."""
    topics = []
    for topic, partitions in sorted(partitions_by_topic.items()):
        topics.append(string(topic) + array([struct.pack(">iq", partition, LATEST) for partition in sorted(partitions)]))
    return struct.pack(">i", -1) + array(topics)


def fetch_body(offsets):
    """Fetch 4 at an offset of every (topic, partition), without the records if the broker lets us."""
    by_topic = {}
    for (topic, partition), offset in sorted(offsets.items()):
        by_topic.setdefault(topic, []).append(struct.pack(">iqi", partition, offset, FETCH_BYTES_MAX))
    # replica -1: a consumer; isolation 0: the high watermark, whatever transactions are open
    head = struct.pack(">iiiib", -1, FETCH_WAIT_MS, FETCH_BYTES_MIN, FETCH_BYTES_MAX, 0)
    return head + array([string(topic) + array(partitions) for topic, partitions in by_topic.items()])


def read_api_versions(reader):
    error = reader.int16()
    if error:
        raise ProtocolError(f"ApiVersions answers error {error}")
    return {key: (low, high) for key, low, high in reader.array(lambda r: (r.int16(), r.int16(), r.int16()))}


def read_metadata(reader):
    """(brokers by id, {topic: {partition: leader}}) of Metadata 4; topics with an error are left out."""
    reader.int32()                                      # throttle time
    brokers = {node: (host, port) for node, host, port, _rack in reader.array(lambda r: (r.int32(), r.string(), r.int32(), r.string()))}
    reader.string()                                     # cluster id
    reader.int32()                                      # controller
    topics = {}
    for error, name, partitions in reader.array(_read_topic):
        if error == 0:
            topics[name] = partitions
        elif error != UNKNOWN_TOPIC_OR_PARTITION:
            raise ProtocolError(f"Metadata of topic {name} answers error {error}")
    return brokers, topics


def _read_topic(reader):
    error, name = reader.int16(), reader.string()
    reader.int8()                                       # internal
    partitions = reader.array(_read_partition)
    return error, name, dict(partitions)


def _read_partition(reader):
    reader.int16()                                      # error: a partition without a leader is found by asking it
    index, leader = reader.int32(), reader.int32()
    reader.array(Reader.int32)                          # replicas
    reader.array(Reader.int32)                          # in-sync replicas
    return index, leader


def read_list_offsets(reader):
    """{(topic, partition): log end}; partitions that the broker does not know are left out."""
    ends = {}
    for topic, partitions in reader.array(lambda r: (r.string(), r.array(lambda p: (p.int32(), p.int16(), p.int64(), p.int64())))):
        for index, error, _timestamp, offset in partitions:
            if error == 0:
                ends[topic, index] = offset
            elif error != UNKNOWN_TOPIC_OR_PARTITION:
                raise ProtocolError(f"ListOffsets of {topic}/{index} answers error {error}")
    return ends


def read_fetch(reader):
    """{(topic, partition): (error, high watermark)}"""
    reader.int32()                                      # throttle time
    topics = reader.array(lambda r: (r.string(), r.array(_read_fetched)))
    return {(topic, index): answer for topic, partitions in topics for index, answer in partitions}


def _read_fetched(reader):
    index, error, high_watermark = reader.int32(), reader.int16(), reader.int64()
    reader.int64()                                      # last stable offset
    reader.array(lambda r: (r.int64(), r.int64()))      # aborted transactions
    reader.skip_bytes()                                 # records
    return index, (error, high_watermark)


def true_ends(named, fetched):
    """{(topic, partition): log end} from what ListOffsets names and what Fetch answers at those offsets.

    Tansu 0.1.2 names the first offset of the last batch plus one; its high watermark is right. Apache Kafka names the
    end, and there Fetch is out of range only if the log was cut meanwhile: no high watermark then, the named end stands.
    """
    ends = {}
    for (topic, partition), offset in named.items():
        if (topic, partition) not in fetched:
            raise ProtocolError(f"Fetch of {topic}/{partition} is not answered")
        error, high_watermark = fetched[topic, partition]
        if error == 0:
            ends[topic, partition] = high_watermark
        elif error == OFFSET_OUT_OF_RANGE:
            ends[topic, partition] = offset
        elif error != UNKNOWN_TOPIC_OR_PARTITION:
            raise ProtocolError(f"Fetch of {topic}/{partition} answers error {error}")
    return ends


class Broker:
    """A connection to one broker."""

    def __init__(self, host, port, timeout_s):
        self._socket = socket.create_connection((host, port), timeout=timeout_s)
        self._correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._socket.close()

    def api_versions(self):
        return read_api_versions(self._ask(API_VERSIONS, 0, b""))

    def metadata(self, topics):
        return read_metadata(self._ask(API_METADATA, 4, metadata_body(topics)))

    def list_offsets(self, partitions_by_topic):
        return read_list_offsets(self._ask(API_LIST_OFFSETS, 1, list_offsets_body(partitions_by_topic)))

    def fetch(self, offsets):
        return read_fetch(self._ask(API_FETCH, 4, fetch_body(offsets)))

    def log_ends(self, partitions_by_topic):
        named = self.list_offsets(partitions_by_topic)
        return true_ends(named, self.fetch(named)) if named else {}

    def _ask(self, api, version, body):
        self._correlation += 1
        self._socket.sendall(request(api, version, self._correlation, body))
        length = struct.unpack(">i", self._receive(4))[0]
        if not 4 <= length <= ANSWER_BYTES_MAX:
            raise ProtocolError(f"an answer of {length} bytes: this is not a Kafka broker, or it wants TLS")
        reader = Reader(self._receive(length))
        if reader.int32() != self._correlation:
            raise ProtocolError("the answer belongs to another request")
        return reader

    def _receive(self, length):
        data = bytearray()
        while len(data) < length:
            part = self._socket.recv(length - len(data))
            if not part:
                raise ProtocolError("the broker closed the connection")
            data += part
        return bytes(data)


def addresses(text):
    """`host:port,host:port` as pairs."""
    pairs = []
    for item in text.split(","):
        host, _, port = item.strip().rpartition(":")
        if not host or not port.isdigit():
            raise ProtocolError(f"{item.strip()!r} is not host:port")
        pairs.append((host.strip("[]"), int(port)))
    return pairs


def connect(bootstrap, timeout_s):
    """The first broker of a bootstrap list that takes a connection."""
    failure = None
    for host, port in addresses(bootstrap):
        try:
            return Broker(host, port, timeout_s)
        except OSError as error:
            failure = error
    raise failure


def check(bootstrap, timeout_s):
    """Number of topics of a healthy broker; an exception from an unhealthy one."""
    with connect(bootstrap, timeout_s) as broker:
        versions = broker.api_versions()
        if API_METADATA not in versions:
            raise ProtocolError("the broker does not offer Metadata")
        brokers, _ = broker.metadata([])
        if not brokers:
            raise ProtocolError("the broker names no broker in its metadata")


def log_ends(bootstrap, partitions_by_topic, timeout_s):
    """{(topic, partition): log end} from the leaders; missing topics and partitions are left out."""
    with connect(bootstrap, timeout_s) as broker:
        brokers, topics = broker.metadata(sorted(partitions_by_topic))
    wanted = {}
    for topic, partitions in partitions_by_topic.items():
        for partition in partitions:
            leader = topics.get(topic, {}).get(partition)
            if leader in brokers:
                wanted.setdefault(leader, {}).setdefault(topic, set()).add(partition)
    ends = {}
    for leader, asked in wanted.items():
        host, port = brokers[leader]
        with Broker(host, port, timeout_s) as broker:
            ends.update(broker.log_ends(asked))
    return ends
