"""The bytes of DeleteTopics, against bytes written out by hand. Needs no broker."""

import unittest

from local import kafka_protocol, kafka_topics


class DeleteTopics(unittest.TestCase):
    def test_request(self):
        self.assertEqual(kafka_topics.delete_topics_body(["t", "uv"], 5000), b"\0\0\0\x02" b"\0\x01t" b"\0\x02uv" b"\0\0\x13\x88")

    def test_answer(self):
        data = b"\0\0\0\0" b"\0\0\0\x02" b"\0\x01t" b"\0\0" b"\0\x02uv" b"\0\x29"
        self.assertEqual(kafka_topics.read_delete_topics(kafka_protocol.Reader(data)), {"t": 0, "uv": 41})


if __name__ == "__main__":
    unittest.main()
