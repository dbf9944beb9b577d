"""What the service counts, in Prometheus' text format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from scoring.board import Board
from scoring.logs import ScoringLog

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """Counters of one process."""

    def __init__(self, board: Board, log: ScoringLog) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("scoring_requests", "Answers by route and status.", ("route", "status"), registry=self.registry)
        self._seconds = Histogram("scoring_seconds", "Seconds to an answer.", ("route",), buckets=SECONDS, registry=self.registry)
        gauges = {
            "scoring_series": ("Series that have forecasts.", lambda: len(board.page.rows) if board.page else 0),
            "scoring_swaps": ("Published artefacts taken since the start.", lambda: board.swapped),
            "scoring_refusals": ("Times that published forecasts could not be taken.", lambda: board.refused),
            "scoring_log_rows": ("Log rows written.", lambda: log.written),
            "scoring_log_dropped": ("Log rows dropped.", lambda: log.dropped),
            "scoring_log_failures": ("Writes of the log that failed.", lambda: log.failures),
        }
        for name, (told, value) in gauges.items():
            Gauge(name, told, registry=self.registry).set_function(value)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> tuple[bytes, str]:
        """All figures, and their media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
