"""The same stream for a long time, while processes and engines die and come back at random.

Owns: the schedule of blows, the supervision of several `cdr-ingest run` in one group, bringing engines back.
Does not own: the verdict on the money (`cdr-ingest report`, `cdr-ingest reconcile`).
Always: the same seed gives the same blows at the same moments; only engines of our own stack are struck, and never the broker, which keeps its records
        in memory only; a process that ends by itself is started again, as a supervisor would, and counted. Members of the group have no names of their own:
        the local broker never lets go of a named one that does not come back, and whoever joins after it waits for ever.
"""

import os
import queue
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from local import engines, layout
from local.failure import StackError

from demo_lib.children import ending, next_event, wait_until
from demo_lib.progress import Progress, say
from demo_lib.stream import CLAIMED, Positions, require_all, topic_exists

PROCESSES = 2
PER_SECOND = 5_000
CALM_SECONDS = (12, 40)             # between two blows
DOWN_SECONDS = (1, 15)              # until what was struck comes back
FREEZE_SECONDS = 30
GUEST_SECONDS = 45
TOPIC_SECONDS = 60
LAST_SECONDS = 900
BATCH_MS = 500
RESTART_SECONDS = 2
STACK = layout.REPOSITORY / "deploy" / "stack"

KILL, FREEZE, GUEST, POSTGRES, CLICKHOUSE = "ingest killed", "ingest frozen for 30 s", "a third ingest joined and left", "postgres killed", "clickhouse killed"
BLOWS = (KILL, KILL, KILL, FREEZE, GUEST, POSTGRES, CLICKHOUSE, CLICKHOUSE)


@dataclass(frozen=True)
class Blow:
    """What happens, how long after the one before, to which process, and how long it lasts."""

    kind: str
    after_seconds: float
    victim: int
    down_seconds: float


def schedule(seed, seconds):
    """Blows for so many seconds."""
    rng, blows, at = random.Random(seed), [], 0.0
    while True:
        blow = Blow(rng.choice(BLOWS), rng.uniform(*CALM_SECONDS), rng.randrange(PROCESSES), rng.uniform(*DOWN_SECONDS))
        at += blow.after_seconds
        if at >= seconds:
            return blows
        blows.append(blow)


class Storm:
    """One stream in bad weather."""

    def __init__(self, setting, children, seconds):
        self._setting, self._children, self._seconds = setting, children, seconds
        self._events = queue.Queue()
        self._positions = Positions()
        self._progress = Progress("records charged:", setting.cdrs)
        self._running = {}
        self._restart_at = {}
        self._first_claim = None
        self.blows = {}
        self.ended_alone = 0
        self.longest_gap = 0.0

    def run(self):
        """The whole storm; seconds from the first partition claimed to the end."""
        own = {engine.name: engine for engine in engines.all_engines(layout.Layout())}
        if own["postgres"].external or own["clickhouse"].external:
            raise StackError("engines elsewhere are used as they are, not killed", "unset TOLLGATE_POSTGRES and TOLLGATE_CLICKHOUSE")
        producer = self._children.start("produce", self._setting.produce(PER_SECOND))
        wait_until(f"topic {self._setting.topic} is made", lambda: topic_exists(self._setting), TOPIC_SECONDS, [producer])
        for number in range(PROCESSES):
            self._start(number)
        for blow in schedule(self._setting.seed, self._seconds):
            self._live(blow.after_seconds)
            if producer.poll() is not None:
                break
            self._strike(blow, own)
        while producer.poll() is None:
            self._live(0.5)
        if producer.wait() != 0:
            raise producer.failure()
        self._end_all()
        self._last()
        self._progress.clear()
        require_all(self._positions, self._setting)
        return time.monotonic() - self._first_claim

    def summary(self):
        told = ", ".join(f"{count} x {kind}" for kind, count in sorted(self.blows.items()))
        return (f"{sum(self.blows.values())} blows: {told}; a process ended by itself {self.ended_alone} times and was started again; "
                f"longest time without a commit {self.longest_gap:.0f} s")

    # ---- processes

    def _start(self, number):
        self._restart_at.pop(number, None)
        command = self._setting.run(None, "--batch-ms", BATCH_MS)
        self._running[number] = self._children.start(f"run-{number}", command, self._events)

    def _live(self, seconds):
        """Reads what the processes say for so long; starts again what has ended."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            source, event = next_event(self._events, min(left, 0.5))
            if source is not None and event is not None:
                self._note(event)
            for number, child in list(self._running.items()):
                if child.poll() is not None:
                    del self._running[number]
                    self._restart_at.setdefault(number, time.monotonic() + RESTART_SECONDS)
                    self.ended_alone += 1
                    self._progress.clear()
                    say(f"run-{number} {ending(child.poll())} by itself: started again")
            for number, moment in list(self._restart_at.items()):
                if time.monotonic() >= moment:
                    self._start(number)

    def _note(self, event):
        now = time.monotonic()
        if event.get("message") == CLAIMED and self._first_claim is None:
            self._first_claim = self._last_commit = now
        before = self._positions.batches
        self._positions.take(event)
        if self._positions.batches > before:
            self.longest_gap = max(self.longest_gap, now - self._last_commit)
            self._last_commit = now
        self._progress.show(self._positions.total)

    def _end_all(self):
        for child in self._running.values():
            child.terminate()
        self._running.clear()
        self._restart_at.clear()

    def _last(self):
        """The end of the topic, in calm weather; an engine that is still down is brought back first."""
        self._bring_up()
        # A group of its own: that of the storm may wait at the local broker for a member that was killed in the middle of a rebalance, for ever.
        command = self._setting.run(None, "--stop-at-end", group=self._setting.topic + "_end")
        child = self._children.start("run-0", command, self._events)
        deadline = time.monotonic() + LAST_SECONDS
        while child.poll() is None:
            source, event = next_event(self._events, 0.5)
            if source is not None and event is not None:
                self._note(event)
            if time.monotonic() > deadline:
                raise StackError(f"the end of the topic was not reached within {LAST_SECONDS} s", f"its log: {child.log}")
        while (said := next_event(self._events, 1))[0] is not None:
            if said[1] is not None:
                self._note(said[1])
        if child.wait() != 0:
            raise child.failure()

    # ---- blows

    def _strike(self, blow, own):
        self.blows[blow.kind] = self.blows.get(blow.kind, 0) + 1
        self._progress.clear()
        say(f"{self._positions.total:,} records charged; {blow.kind}")
        if blow.kind == KILL:
            self._kill(blow)
        elif blow.kind == FREEZE:
            self._freeze(blow)
        elif blow.kind == GUEST:
            guest = self._children.start("run-guest", self._setting.run(None, "--batch-ms", BATCH_MS), self._events)
            self._live(GUEST_SECONDS)
            guest.terminate()
        else:
            engine = own["postgres" if blow.kind == POSTGRES else "clickhouse"]
            process = engine.running()
            if process is not None:
                os.kill(process.pid, signal.SIGKILL)
            self._live(blow.down_seconds)
            self._bring_up()

    def _kill(self, blow):
        child = self._running.pop(blow.victim, None)
        if child is None:
            return
        child.kill()
        child.wait()
        self._restart_at[blow.victim] = time.monotonic() + blow.down_seconds
        self._live(blow.down_seconds)

    def _freeze(self, blow):
        """A zombie: it keeps its epoch and its half-done work, and wakes up when others have gone on."""
        child = self._running.get(blow.victim)
        if child is None:
            return
        child.send(signal.SIGSTOP)
        self._live(FREEZE_SECONDS)
        child.send(signal.SIGCONT)

    def _bring_up(self):
        """Starts what does not run; a killed server may need a moment until its old processes are gone."""
        for _ in range(10):
            done = subprocess.run([sys.executable, str(STACK), "up"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                return
            self._live(2)
        raise StackError("the engines do not come back after a kill", "deploy/stack status, deploy/stack logs")
