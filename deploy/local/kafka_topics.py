"""Takes topics away from the local broker, whose memory they would fill for as long as it lives.

Owns: the bytes of DeleteTopics 1.
Does not own: the connection (`kafka_protocol`), which topics may go (who made them says so).
Always: asks the broker that it is given; in a cluster of several only the controller would do it.
"""

import struct

from local import kafka_protocol

API_DELETE_TOPICS = 20


class Admin(kafka_protocol.Broker):
    """A connection that may change what is there."""

    def delete_topics(self, names, timeout_ms):
        return read_delete_topics(self._ask(API_DELETE_TOPICS, 1, delete_topics_body(names, timeout_ms)))


def delete_topics_body(names, timeout_ms):
    return kafka_protocol.array([kafka_protocol.string(name) for name in names]) + struct.pack(">i", timeout_ms)


def read_delete_topics(reader):
    """{topic: error code}, 0 for a topic that is gone."""
    reader.int32()                                      # throttle time
    return dict(reader.array(lambda r: (r.string(), r.int16())))


def delete(bootstrap, names, timeout_s):
    """Deletes topics; a ProtocolError names those that stayed."""
    host, port = kafka_protocol.addresses(bootstrap)[0]
    with Admin(host, port, timeout_s) as broker:
        errors = broker.delete_topics(names, int(timeout_s * 1000))
    stayed = {name: error for name, error in errors.items() if error not in (0, kafka_protocol.UNKNOWN_TOPIC_OR_PARTITION)}
    if stayed:
        raise kafka_protocol.ProtocolError(f"not deleted, topic and error: {stayed}")
