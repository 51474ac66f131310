"""Who is told how far something is. The library never prints: the command line passes a listener that does."""


class Listener:
    """A silent listener; override what is of interest."""

    def note(self, text: str) -> None:
        """Something the user should know once."""

    def work(self, label: str, done: int, total: int) -> None:
        """Longer work other than training: `done` of `total`."""
