"""How far it is: a line on a terminal that is written over, a line every few seconds elsewhere. Standard error only."""

import sys
import time

WIDTH = 32
SECONDS_ON_TERMINAL = 0.2
SECONDS_IN_LOG = 10


def say(text):
    """A step of the demo."""
    print(f"demo: {text}", file=sys.stderr, flush=True)


class Progress:
    """Counts up to a total."""

    def __init__(self, what, total, stream=None, clock=time.monotonic):
        self._what, self._total = what, max(1, total)
        self._stream = stream or sys.stderr
        self._clock = clock
        self._terminal = self._stream.isatty()
        self._begun = self._shown = clock()

    def show(self, done, force=False):
        now = self._clock()
        if not force and now - self._shown < (SECONDS_ON_TERMINAL if self._terminal else SECONDS_IN_LOG):
            return
        self._shown = now
        share = min(1.0, done / self._total)
        rate = done / max(0.001, now - self._begun)
        text = f"{self._what} {done:,} of {self._total:,} ({share:.0%}), {rate:,.0f}/s"
        if self._terminal:
            bar = "█" * int(share * WIDTH)
            self._stream.write(f"\r\033[K{bar:░<{WIDTH}} {text}")
        else:
            self._stream.write(f"demo: {text}\n")
        self._stream.flush()

    def clear(self):
        """Makes room for another line."""
        if self._terminal:
            self._stream.write("\r\033[K")
            self._stream.flush()
