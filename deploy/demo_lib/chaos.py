"""The same stream with `kill -9`: ten times, while records keep coming.

Owns: the plan of kills, the supervision of the one `cdr-ingest run`, the proof that each kill fell where it was meant to.
Does not own: the verdict on the money (`cdr-ingest report`).
Always: between two kills there is at least one commit, so every kill falls between two commits; a kill that was meant for the gap between
        COMMIT and the acknowledgement of ClickHouse counts as such only if the dead process had not logged the delivery of that batch.
"""

import queue
import random
import time
from dataclasses import dataclass

from local.failure import StackError

from demo_lib.children import ending, next_event, wait_until
from demo_lib.progress import Progress, say
from demo_lib.stream import CLAIMED, COMMITTED, DELIVERED, Positions, require_all, topic_exists

KILLS = 10
IN_THE_GAP_PLANNED = 5
IN_THE_GAP_LEAST = 3
STREAM_SECONDS = 185
HOLD_MS = 300
BATCH_MS = 500
COMMITS_BEFORE_MAX = 24
DELAY_SECONDS_MAX = 0.8
TOPIC_SECONDS = 60
SILENCE_SECONDS = 60
INSTANCE = "demo-chaos"

GAP, ELSEWHERE = "after COMMIT, before ClickHouse", "at a random moment after a delivery"


@dataclass(frozen=True)
class Kill:
    """What to wait for before the next kill."""

    kind: str
    commits_before: int
    delay_seconds: float


def plan(seed):
    """Ten kills in an order that the seed decides."""
    rng = random.Random(seed)
    kinds = [GAP] * IN_THE_GAP_PLANNED + [ELSEWHERE] * (KILLS - IN_THE_GAP_PLANNED)
    rng.shuffle(kinds)
    return [Kill(kind, rng.randint(1, COMMITS_BEFORE_MAX), rng.uniform(0, DELAY_SECONDS_MAX)) for kind in kinds]


def pace(cdrs):
    """Records a second that make the stream last long enough for ten restarts."""
    return max(1, round(cdrs / STREAM_SECONDS))


class Drill:
    """One stream under kills."""

    def __init__(self, setting, children):
        self._setting, self._children = setting, children
        self._events = queue.Queue()
        self._positions = Positions()
        self._progress = Progress("records charged:", setting.cdrs)
        self._commits = 0
        self._first_claim = None
        self._producer = None
        self.kills = []
        self.commits_since_kill = 0

    def run(self):
        """The whole drill; seconds from the first partition claimed to the end."""
        setting = self._setting
        self._producer = self._children.start("produce", setting.produce(pace(setting.cdrs)))
        wait_until(f"topic {setting.topic} is made", lambda: topic_exists(setting), TOPIC_SECONDS, [self._producer])
        say(f"{pace(setting.cdrs):,} records a second for about {STREAM_SECONDS} s, and {KILLS} times kill -9")
        for kill in plan(setting.seed):
            if not self._life(kill):
                break
        self._calm()
        self._last()
        self._progress.clear()
        require_all(self._positions, setting)
        say(self._positions.effort)
        return time.monotonic() - self._first_claim

    # ---- the lives of the process

    def _start(self, *options):
        self._commits = 0
        return self._children.start("run", self._setting.run(INSTANCE, "--batch-ms", BATCH_MS, *options), self._events)

    def _life(self, kill):
        """Starts the process and kills it at the planned moment; False when the stream ended before that."""
        child = self._start("--hold-delivery-ms", HOLD_MS if kill.kind == GAP else 0)
        target = self._await_moment(child, kill)
        if target is None:
            child.terminate()
            self._drain(child)
            return False
        child.kill()
        after = self._drain(child)
        kind = kill.kind
        if kind == GAP and any(delivers(event, target) for event in after):
            kind = ELSEWHERE
        self.kills.append(kind)
        self.commits_since_kill = 0
        self._progress.clear()
        say(f"kill {len(self.kills)} of {KILLS}: {kind}; partition {target['partition']}, committed up to offset {target['next_offset']:,}; "
            f"{self._positions.total:,} records in all")
        return True

    def _await_moment(self, child, kill):
        """The log line after which to kill, once its moment has come; None when no more commits are to be expected."""
        heard = time.monotonic()
        while True:
            event = self._next(child, 0.5)
            if event is None:
                done = self._producer_done()
                if time.monotonic() - heard > SILENCE_SECONDS:
                    return None if done else self._stuck(child)
                continue
            if event.get("message") == COMMITTED:
                heard = time.monotonic()
            wanted = COMMITTED if kill.kind == GAP else DELIVERED
            if event.get("message") == wanted and self._commits >= kill.commits_before:
                break
        if kill.kind == ELSEWHERE:
            deadline = time.monotonic() + kill.delay_seconds
            while (left := deadline - time.monotonic()) > 0:
                event = self._next(child, left) or event
        return event if "next_offset" in event else {"partition": "?", "next_offset": self._positions.total}

    def _calm(self):
        """After the last kill: the process lives until the producer has sent everything, then ends as asked."""
        if self._producer_done():
            return
        child = self._start()
        while not self._producer_done():
            self._next(child, 0.5)
        status = child.terminate()
        self._drain(child)
        if status != 0:
            raise StackError(f"cdr-ingest run was asked to end and {ending(status)}", f"its log: {child.log}")

    def _last(self):
        """The end of the topic, without kills."""
        child = self._start("--stop-at-end")
        heard = time.monotonic()
        while child.poll() is None:
            if self._next(child, 0.5, may_end=True) is not None:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE_SECONDS * 3:
                self._stuck(child)
        self._drain(child)
        if child.wait() != 0:
            raise child.failure()

    # ---- what they say

    def _next(self, child, seconds, may_end=False):
        """The next log line of the living process as an event, noted; None when none came in time."""
        source, event = next_event(self._events, seconds)
        if source is child and event is None and not may_end:
            raise child.failure()
        if source is not child or event is None:
            return None
        self._note(event)
        return event

    def _note(self, event):
        if event.get("message") == CLAIMED:
            self._first_claim = self._first_claim or time.monotonic()
            if self.kills and event.get("resent"):
                self._progress.clear()
                say(f"partition {event['partition']} is claimed again at offset {event['next_offset']:,}; "
                    f"what the dead process had committed and not delivered is sent again: {event['resent']}")
        if event.get("message") == COMMITTED:
            self._commits += 1
            self.commits_since_kill += 1
        self._positions.take(event)
        self._progress.show(self._positions.total)

    def _drain(self, child):
        """What a process that is dead had still logged."""
        child.wait()
        events = []
        while True:
            source, event = next_event(self._events, 1)
            if source is None or (source is child and event is None):
                return events
            if source is child:
                self._positions.take(event)
                events.append(event)

    def _producer_done(self):
        status = self._producer.poll()
        if status not in (None, 0):
            raise self._producer.failure()
        return status == 0

    def _stuck(self, child):
        self._progress.clear()
        raise StackError(f"nothing was charged for {SILENCE_SECONDS} s although records keep coming; log: {child.log}",
                         "deploy/stack status tells whether the engines are well")


def delivers(event, target):
    """Whether a log line says that the batch of another one arrived."""
    return (event.get("message") == DELIVERED and event.get("partition") == target["partition"]
            and event.get("next_offset", 0) >= target["next_offset"])


def verdict(kills, commits_since_last):
    """What is missing for a drill that proves something; empty if nothing is."""
    gap = kills.count(GAP)
    if len(kills) < KILLS:
        return f"only {len(kills)} of {KILLS} kills happened before the stream ended: use more --cdrs, or a calmer machine"
    if gap < IN_THE_GAP_LEAST:
        return f"only {gap} kills fell between COMMIT and the delivery, and {IN_THE_GAP_LEAST} are wanted: run it again"
    if not commits_since_last:
        return "no batch was committed after the last kill, which therefore fell between no two commits: use more --cdrs"
    return ""


def summary(kills):
    gap = kills.count(GAP)
    return f"{len(kills)} kills: {gap} between COMMIT and the acknowledgement of ClickHouse, {len(kills) - gap} at other moments"
