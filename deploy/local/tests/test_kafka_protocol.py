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

    def test_every_cut_is_noticed(self):
        whole = self.metadata(0)
        for length in range(len(whole)):
            with self.assertRaises(kafka.ProtocolError, msg=f"cut after {length} bytes"):
                kafka.read_metadata(kafka.Reader(whole[:length]))


class Addresses(unittest.TestCase):
    def test_lists(self):
        self.assertEqual(kafka.addresses("a:1, b:2"), [("a", 1), ("b", 2)])
        self.assertEqual(kafka.addresses("[::1]:9092"), [("::1", 9092)])

    def test_without_port(self):
        with self.assertRaises(kafka.ProtocolError):
            kafka.addresses("localhost")


if __name__ == "__main__":
    unittest.main()
