"""Who is told how far something is. The library never prints: the command line passes a listener that does."""

from typing import Protocol


class Listener(Protocol):
    """Whoever is told how far something is."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def work(self, label: str, done: int, total: int) -> None:
        """How much of a longer piece of work is done."""


class Nobody:
    """A listener for those that do not want to know."""

    def note(self, text: str) -> None:
        """Nothing."""

    def work(self, label: str, done: int, total: int) -> None:
        """Nothing."""
