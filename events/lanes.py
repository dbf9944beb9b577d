"""Lanes: what shares one goes one at a time and in order; different lanes go side by side."""

from __future__ import annotations

import heapq
from collections import deque

from events.inbox import Item


class Lanes:
    """The ready items in memory. An item taken keeps its lane busy until it is finished or put off."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Item]] = {}
        self._runnable: deque[str] = deque()
        self._waiting: list[tuple[float, str]] = []
        self.depth = 0

    def add(self, item: Item) -> None:
        """Queue an item behind the others of its lane."""
        lane = self._lanes.setdefault(item.lane, deque())
        lane.append(item)
        self.depth += 1
        if len(lane) == 1:
            self._offer(item)

    def take(self, now: float) -> Item | None:
        """The next item that may run now, or None."""
        while self._waiting and self._waiting[0][0] <= now:
            self._runnable.append(heapq.heappop(self._waiting)[1])
        return self._lanes[self._runnable.popleft()][0] if self._runnable else None

    def put_off(self, item: Item) -> None:
        """Free the lane's worker; the lane stays with this item until it is due again."""
        self._offer(item)

    def finish(self, item: Item) -> None:
        """Drop the item; the next of its lane may run."""
        lane = self._lanes[item.lane]
        lane.popleft()
        self.depth -= 1
        if lane:
            self._offer(lane[0])
        else:
            del self._lanes[item.lane]

    def next_due(self) -> float | None:
        """When the next item that was put off is due (on the clock that `take` is asked by), or None."""
        return self._waiting[0][0] if self._waiting else None

    def _offer(self, item: Item) -> None:
        if item.due:
            heapq.heappush(self._waiting, (item.due, item.lane))
        else:
            self._runnable.append(item.lane)
