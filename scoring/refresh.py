"""Keeps the board up to date: asks the pointer now and then, and loads what it names when it moved."""

from __future__ import annotations

import threading

from obstore.exceptions import BaseError

from contracts.errors import FourPartError
from ml_pipelines.forecast_files import current, pointed
from scoring.board import Board, Page
from scoring.settings import ModelFacts

FIRST_SECONDS = 0.5
"""Between tries while nothing is loaded yet."""


class Refresher:
    """One thread; the model version of the image is the only one whose forecasts are taken."""

    def __init__(self, board: Board, url: str, facts: ModelFacts, every: float) -> None:
        self._board, self._url, self._facts, self._every = board, url, facts, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="refresh", daemon=True)

    def start(self) -> None:
        """Load in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is loaded stays."""
        self._over.set()
        self._thread.join()

    def refresh(self) -> None:
        """Load what the pointer names unless it is on the board; a failure leaves the board as it is and is said there."""
        model, version = self._facts.model, self._facts.version
        try:
            pointer = pointed(self._url, model, version)
            if self._board.page is not None and self._board.page.pointer == pointer.sha256:
                self._board.trouble = ""
                return
            forecasts, manifest = current(self._url, model, version)
            self._board.show(Page.of(forecasts, str(manifest["data_version"]), pointer.sha256))
        except FourPartError as error:
            self._board.refuse(str(error).replace("\n", " "))
        except (BaseError, OSError, ValueError, KeyError, TypeError) as error:
            self._board.refuse(f"{type(error).__name__}: {error}"[:500])

    def _loop(self) -> None:
        while not self._over.is_set():
            self.refresh()
            self._over.wait(self._every if self._board.page is not None else FIRST_SECONDS)
