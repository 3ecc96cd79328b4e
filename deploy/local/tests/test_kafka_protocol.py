"""The bytes of the few Kafka requests and answers, against bytes written out by hand. Needs no broker."""

import struct
import unittest

from local import kafka_protocol as kafka


class Requests(unittest.TestCase):
    def test_frame(self):
        # length 24 = key 2 + version 2 + correlation 4 + client id 2 + 14
        self.assertEqual(kafka.request(18, 0, 7, b""), b"\0\0\0\x18" b"\0\x12" b"\0\0" b"\0\0\0\x07" b"\0\x0etollgate-stack")

    def test_metadata_of_named_topics_creates_none(self):
        self.assertEqual(kafka.metadata_body(["t"]), b"\0\0\0\x01" b"\0\x01t" b"\0")

    def test_list_offsets(self):
        self.assertEqual(kafka.list_offsets_body({"t": {1, 0}}),
                         b"\xff\xff\xff\xff" b"\0\0\0\x01" b"\0\x01t" b"\0\0\0\x02"
                         b"\0\0\0\0" b"\xff\xff\xff\xff\xff\xff\xff\xff"
                         b"\0\0\0\x01" b"\xff\xff\xff\xff\xff\xff\xff\xff")

    def test_fetch(self):
        self.assertEqual(kafka.fetch_body({("t", 1): 5, ("t", 0): 0}),
                         # replica -1, wait 100 ms (the local broker answers nothing to 0), 0 bytes at least, 1 at most, isolation 0
                         b"\xff\xff\xff\xff" b"\0\0\0\x64" b"\0\0\0\0" b"\0\0\0\x01" b"\0"
                         b"\0\0\0\x01" b"\0\x01t" b"\0\0\0\x02"
                         b"\0\0\0\0" b"\0\0\0\0\0\0\0\0" b"\0\0\0\x01"
                         b"\0\0\0\x01" b"\0\0\0\0\0\0\0\x05" b"\0\0\0\x01")

    def test_null_string(self):
        self.assertEqual(kafka.string(None), b"\xff\xff")


class Answers(unittest.TestCase):
    def test_api_versions(self):
        data = struct.pack(">hi", 0, 2) + struct.pack(">hhh", 3, 0, 12) + struct.pack(">hhh", 18, 0, 4)
        self.assertEqual(kafka.read_api_versions(kafka.Reader(data)), {3: (0, 12), 18: (0, 4)})

    def metadata(self, topic_error):
        partition = struct.pack(">hii", 0, 0, 111) + struct.pack(">iii", 1, 111, 1) + struct.pack(">i", 111)
        topic = struct.pack(">h", topic_error) + kafka.string("t") + b"\0" + kafka.array([partition])
        broker = struct.pack(">i", 111) + kafka.string("localhost") + struct.pack(">i", 9092) + kafka.string(None)
        return struct.pack(">i", 0) + kafka.array([broker]) + kafka.string("c") + struct.pack(">i", 111) + kafka.array([topic])

    def test_metadata(self):
        brokers, topics = kafka.read_metadata(kafka.Reader(self.metadata(0)))
        self.assertEqual(brokers, {111: ("localhost", 9092)})
        self.assertEqual(topics, {"t": {0: 111}})

    def test_unknown_topic_is_left_out(self):
        self.assertEqual(kafka.read_metadata(kafka.Reader(self.metadata(3)))[1], {})

    def test_other_errors_are_errors(self):
        with self.assertRaises(kafka.ProtocolError):
            kafka.read_metadata(kafka.Reader(self.metadata(29)))

    def test_list_offsets(self):
        rows = struct.pack(">ihqq", 0, 0, -1, 42) + struct.pack(">ihqq", 1, 3, -1, -1)
        data = struct.pack(">i", 1) + kafka.string("t") + struct.pack(">i", 2) + rows
        self.assertEqual(kafka.read_list_offsets(kafka.Reader(data)), {("t", 0): 42})

    def test_fetch(self):
        data = fetch_answer({0: (0, 5000, b"a batch"), 1: (1, -1, None), 2: (0, 0, b"")})
        self.assertEqual(kafka.read_fetch(kafka.Reader(data)), {("t", 0): (0, 5000), ("t", 1): (1, -1), ("t", 2): (0, 0)})

    def test_fetch_with_aborted_transactions(self):
        aborted = struct.pack(">i", 2) + struct.pack(">qqqq", 7, 8, 9, 10)
        row = struct.pack(">ihqq", 0, 0, 42, 40) + aborted + struct.pack(">i", 3) + b"xyz"
        data = struct.pack(">ii", 0, 1) + kafka.string("t") + kafka.array([row])
        self.assertEqual(kafka.read_fetch(kafka.Reader(data)), {("t", 0): (0, 42)})

    def test_every_cut_is_noticed(self):
        for whole, read in ((self.metadata(0), kafka.read_metadata), (fetch_answer({0: (0, 9, b"a batch")}), kafka.read_fetch)):
            for length in range(len(whole)):
                with self.assertRaises(kafka.ProtocolError, msg=f"cut after {length} bytes"):
                    read(kafka.Reader(whole[:length]))


def fetch_answer(partitions):
    """Fetch 4 of topic t: {partition: (error, high watermark, records or None)}."""
    rows = [struct.pack(">ihqqi", index, error, high, high, -1) + struct.pack(">i", -1 if records is None else len(records)) + (records or b"")
            for index, (error, high, records) in partitions.items()]
    return struct.pack(">ii", 0, 1) + kafka.string("t") + kafka.array(rows)


class LogEnds(unittest.TestCase):
    """What Tansu 0.1.2 answered when asked, and what Apache Kafka is documented to answer."""

    def ends(self, named, fetched):
        broker = ScriptedBroker(named, fetched)
        ends = broker.log_ends({"t": set(named)})
        return {partition: end for (_topic, partition), end in ends.items()}, broker

    def test_local_broker_names_the_beginning_of_the_last_batch(self):
        ends, broker = self.ends({0: (0, 1)}, {0: (0, 5000, b"a batch")})
        self.assertEqual(ends, {0: 5000})
        self.assertEqual(broker.asked, [(kafka.API_LIST_OFFSETS, 1, kafka.list_offsets_body({"t": {0}})),
                                        (kafka.API_FETCH, 4, kafka.fetch_body({("t", 0): 1}))])

    def test_apache_kafka_names_the_end(self):
        self.assertEqual(self.ends({0: (0, 5000), 1: (0, 0)}, {0: (0, 5000, b""), 1: (0, 0, b"")})[0], {0: 5000, 1: 0})

    def test_out_of_range_leaves_what_was_named(self):
        self.assertEqual(self.ends({0: (0, 7), 1: (0, 9)}, {0: (1, -1, None), 1: (0, 9, b"")})[0], {0: 7, 1: 9})

    def test_unknown_to_either_is_left_out(self):
        self.assertEqual(self.ends({0: (3, -1), 1: (0, 9)}, {1: (3, -1, None)})[0], {})

    def test_nothing_known_asks_no_more(self):
        ends, broker = self.ends({0: (3, -1)}, {})
        self.assertEqual((ends, len(broker.asked)), ({}, 1))

    def test_other_errors_and_silence_are_errors(self):
        for fetched in ({0: (6, -1, None)}, {}):
            with self.assertRaises(kafka.ProtocolError):
                self.ends({0: (0, 1)}, fetched)


class ScriptedBroker(kafka.Broker):
    """Answers about topic t: {partition: (error, offset)} to ListOffsets, and to Fetch as in fetch_answer."""

    def __init__(self, named, fetched):
        rows = [struct.pack(">ihqq", index, error, -1, offset) for index, (error, offset) in named.items()]
        self._answers = {kafka.API_LIST_OFFSETS: struct.pack(">i", 1) + kafka.string("t") + kafka.array(rows),
                         kafka.API_FETCH: fetch_answer(fetched)}
        self.asked = []

    def _ask(self, api, version, body):
        self.asked.append((api, version, body))
        return kafka.Reader(self._answers[api])


class Addresses(unittest.TestCase):
    def test_lists(self):
        self.assertEqual(kafka.addresses("a:1, b:2"), [("a", 1), ("b", 2)])
        self.assertEqual(kafka.addresses("[::1]:9092"), [("::1", 9092)])

    def test_without_port(self):
        with self.assertRaises(kafka.ProtocolError):
            kafka.addresses("localhost")


if __name__ == "__main__":
    unittest.main()
