"""The plain run: fill the topic, then charge all of it, and take the time.

Owns: one or more `cdr-ingest run --stop-at-end` side by side, progress from their log lines, the seconds.
Does not own: kills (`chaos`).
Always: the topic is full before the first process starts, so that the figure is that of the ingest and not of the generator.
"""

import queue
import time

from local import kafka_protocol
from local.failure import StackError

from demo_lib.children import next_event
from demo_lib.progress import Progress, say

SILENCE_SECONDS = 180
KAFKA_SECONDS = 10

CLAIMED, COMMITTED, DELIVERED = "partition claimed", "batch committed", "batch delivered"
COUNTERS_MOVED = "counters moved: the batch is rated again"


class Positions:
    """How far each partition is, from the log lines of whoever has it; and how many batches it took."""

    def __init__(self):
        self._next = {}
        self.batches = self.rated_again = 0

    def take(self, event):
        self.batches += event.get("message") == COMMITTED
        self.rated_again += event.get("message") == COUNTERS_MOVED
        if event.get("message") in (CLAIMED, COMMITTED):
            partition, offset = event.get("partition"), event.get("next_offset")
            self._next[partition] = max(offset, self._next.get(partition, 0))

    @property
    def total(self):
        return sum(self._next.values())

    @property
    def effort(self):
        """How many batches, and how often one was rated again because another partition had moved the same counters before it."""
        return f"{self.batches:,} batches, {self.rated_again:,} times one was rated again because a counter had moved"


def fill(setting, children):
    """Sends every record; the producer ends when the broker has acknowledged all of them."""
    children.foreground("produce", setting.produce())


def topic_exists(setting):
    """Whether the topic has all its partitions."""
    return len(log_ends(setting)) == setting.partitions


def log_ends(setting):
    """{(topic, partition): log end}; empty while the topic does not exist."""
    try:
        return kafka_protocol.log_ends(setting.kafka, {setting.topic: set(range(setting.partitions))}, KAFKA_SECONDS)
    except (OSError, kafka_protocol.ProtocolError) as error:
        raise StackError(f"the broker at {setting.kafka} does not answer: {error}", "deploy/stack status") from None


def charge(setting, children, processes):
    """Runs so many processes to the end of the topic; seconds from the first partition claimed to the last exit."""
    events = queue.Queue()
    running = {children.start(f"run-{number}", setting.run(f"demo-{number}", "--stop-at-end"), events) for number in range(1, processes + 1)}
    positions, progress = Positions(), Progress("records charged:", setting.cdrs)
    first = None
    heard = time.monotonic()
    while running:
        child, event = next_event(events, 0.5)
        now = time.monotonic()
        if child is None:
            if now - heard > SILENCE_SECONDS:
                progress.clear()
                raise StackError(f"nothing was charged for {SILENCE_SECONDS} s; logs: {', '.join(str(c.log) for c in running)}",
                                 "deploy/stack status tells whether the engines are well")
        elif event is None:
            if child.wait() != 0:
                progress.clear()
                raise child.failure()
            running.discard(child)
        else:
            heard = now
            if event.get("message") == CLAIMED and first is None:
                first = now
            positions.take(event)
        progress.show(positions.total)
    progress.clear()
    if first is None:
        raise StackError("no process claimed a partition, and yet all ended well", f"logs: {setting.logs}")
    seconds = time.monotonic() - first
    require_all(positions, setting)
    say(f"{positions.total:,} records charged and delivered in {seconds:.1f} s by {processes} process{'es' if processes > 1 else ''}; {positions.effort}")
    return seconds


def require_all(positions, setting):
    """Whoever stops at the end must have been there."""
    if positions.total < setting.cdrs:
        raise StackError(f"cdr-ingest ended well, but at {positions.total:,} of {setting.cdrs:,} records: it stopped before the end of the topic",
                         f"logs: {setting.logs}")
