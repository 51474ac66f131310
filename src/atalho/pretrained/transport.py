"""Fetches a file over the network: https only, resumable, bounded, hashed before anybody reads it.

What arrives is written to NAME.part, which a later call continues, and gets its name when its hash is right. Two
processes that want one file fetch it once.
"""

import email.utils
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit, urlunsplit

from filelock import FileLock

from atalho import __version__, limits
from atalho.errors import AbsentFileError, ConfigError, WeightsError
from atalho.text import Text
from atalho.text.numbers import size

Told = Callable[[int, int], None]
"""Called with the bytes that are there, and with how many there will be (0: not known)."""
_CHUNK: Final = 1 << 18
_PAGE: Final = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_GONE: Final = (404, 410)
_WAIT_FOR: Final = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Patience:
    """How long, in seconds, and how often a server is waited for."""

    silence: float = 30.0
    """Without a byte the connection is given up."""
    wait: float = 120.0
    """The most that a server may ask one to come back after, in all."""
    pause: float = 1.0
    """Before the second attempt; twice as long before each further one."""
    attempts: int = 5
    """In a row that bring nothing."""


USUAL: Final = Patience()


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str | None,
    most: int,
    token: str | None = None,
    told: Told | None = None,
    patience: Patience = USUAL,
) -> str:
    """Bring the file at `url` to `target` unless it is there; returns its SHA-256.

    `sha256` is what the file must hash to, or the first digits of it; `most` the bytes that it may have. `token` goes
    to the host of `url` and to no other. Raises WeightsError, and leaves what arrived for a later call, where the
    network fails; what is too large, a web page or of another hash is removed.
    """
    url = mirrored(url)
    refuse_insecure(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not target.exists():
            part = target.with_name(f"{target.name}.part")
            _Download(url, part, sha256, most, token, told, patience).complete()
            found = hash_of(part)
            if sha256 is not None and not found.startswith(sha256):
                part.unlink()
                raise WeightsError(
                    "{url}: the file that arrived has the SHA-256 {found}, not {expected}, so it was deleted. It was "
                    "changed on the server or on its way here.",
                    url=url,
                    found=found,
                    expected=sha256 + ("…" if len(sha256) < len(found) else ""),
                )
            part.replace(target)
            return found
    return hash_of(target)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with limits.open_regular(path, limits.TENSORS) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mirrored(url: str) -> str:
    """The address to ask: that of ATALHO_MIRROR with the path of `url`, where there is one."""
    mirror = os.environ.get("ATALHO_MIRROR")
    if not mirror:
        return url
    parts = urlsplit(url)
    return mirror.rstrip("/") + urlunsplit(("", "", parts.path, parts.query, ""))


def refuse_insecure(url: str) -> None:
    """ConfigError for an address that is neither https nor http on this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise ConfigError(
        "{url}: only https is accepted, because what comes over {scheme} can be changed on its way.",
        url=url,
        scheme=parts.scheme or "?",
    )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to safe addresses alone. The token, which is not a redirected header, goes along on its own host."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        refuse_insecure(newurl)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
        token = req.unredirected_hdrs.get("Authorization")
        if request is not None and token is not None and urlsplit(newurl)[:2] == urlsplit(req.full_url)[:2]:
            request.add_unredirected_header("Authorization", token)
        return request


_OPENER: Final = urllib.request.build_opener(_Redirects())


@dataclass
class _Download:
    """One file on its way to `part`; it continues what is there already."""

    url: str
    part: Path
    sha256: str | None
    most: int
    token: str | None
    told: Told | None
    patience: Patience
    waited: float = 0.0

    @property
    def there(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    @property
    def tag(self) -> Path:
        """Holds what the server calls this version of the file, so that two versions are never joined."""
        return self.part.with_name(f"{self.part.name}.tag")

    def complete(self) -> None:
        """Ask until everything is there."""
        fruitless, before = 0, -1
        while True:
            try:
                if self._receive():
                    self.tag.unlink(missing_ok=True)
                    return
                reason: object = Text("the connection ended early")
            except urllib.error.HTTPError as error:
                with error:
                    self._refused(error)
                reason = error
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", None) or error
            fruitless = 0 if self.there > before else fruitless + 1
            before = self.there
            if fruitless >= self.patience.attempts:
                raise WeightsError(
                    "{url}: {reason}. {there} have arrived; the same command continues from there.",
                    url=self.url,
                    reason=str(reason) or type(reason).__name__,
                    there=size(self.there),
                )
            time.sleep(self.patience.pause * 2**fruitless)

    def _receive(self) -> bool:
        """One request. Returns whether the file is complete."""
        request = urllib.request.Request(self.url, headers={"User-Agent": f"atalho/{__version__}"})
        if self.token is not None:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        tag = self.tag.read_text(encoding="latin-1") if self.tag.exists() else None
        start = self.there if tag is not None or self.sha256 is not None else 0
        if start:
            request.add_header("Range", f"bytes={start}-")
            if tag is not None:
                request.add_header("If-Range", tag)
        with _OPENER.open(request, timeout=self.patience.silence) as response:
            if response.status != http.client.PARTIAL_CONTENT:
                start = 0
            total = self._total(response, start)
            self._refuse_page(response)
            self._remember(response)
            with self.part.open("r+b" if start else "wb") as file:
                file.seek(start)
                file.truncate()
                while chunk := response.read1(_CHUNK):
                    if not start and file.tell() == 0 and _PAGE.match(chunk):
                        self._refuse_any_page()
                    if file.tell() + len(chunk) > min(self.most, total or self.most):
                        self._refuse_size(None)
                    file.write(chunk)
                    if self.told is not None:
                        self.told(file.tell(), total)
                file.flush()
                os.fsync(file.fileno())
        return total == 0 or self.there == total

    def _total(self, response: Any, start: int) -> int:
        """Bytes of the whole file as the server says; 0 where it does not."""
        length = int(response.headers.get("Content-Length") or 0)
        total = start + length if length else 0
        if start:
            found = re.match(r"bytes (\d+)-\d+/(\d+)$", response.headers.get("Content-Range", ""))
            if found is None or int(found[1]) != start:
                self.part.unlink()
                raise http.client.HTTPException(Text("the server sent another part than the one asked for"))
            total = int(found[2])
        if total > self.most:
            self._refuse_size(total)
        return total

    def _remember(self, response: Any) -> None:
        tag = response.headers.get("ETag")
        if tag and not tag.startswith("W/"):
            self.tag.write_text(tag, encoding="latin-1")
        elif response.status != http.client.PARTIAL_CONTENT:
            self.tag.unlink(missing_ok=True)

    def _refuse_page(self, response: Any) -> None:
        if response.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
            self._refuse_any_page()

    def _refuse_any_page(self) -> None:
        self._forget()
        raise WeightsError(
            "{url}: the server answered with a web page, not with weights. Open the address in a browser to see what "
            "it says; a link to a page about weights is not the link to their file.",
            url=self.url,
        )

    def _refuse_size(self, total: int | None) -> None:
        self._forget()
        raise WeightsError(
            "{url}: the file has {given}, and at most {most} are accepted.",
            url=self.url,
            given=size(total) if total is not None else Text("more bytes than were announced"),
            most=size(self.most),
        )

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def _refused(self, error: urllib.error.HTTPError) -> None:
        """Waits where the server asks for it. Raises WeightsError for an answer that will stay the same."""
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:  # what is there is of another file
            self._forget()
            return
        if (code := error.code) not in _WAIT_FOR:
            said = Text("{url}: the server answered {code} ({reason}).", url=self.url, code=code, reason=error.reason)
            raise (AbsentFileError if code in _GONE else WeightsError)(Text.joined(said, *_advice(code)))
        seconds = _retry_after(error.headers.get("Retry-After"))
        self.waited += seconds
        if self.waited > self.patience.wait:
            raise WeightsError(
                "{url}: the server answered {code} ({reason}) and asks to come back in {seconds} seconds.",
                url=self.url,
                code=error.code,
                reason=error.reason,
                seconds=round(seconds),
            )
        time.sleep(seconds)


def _advice(code: int) -> Iterator[Text]:
    if code in (401, 403):
        yield Text("It asks for a permission: set HF_TOKEN for a repository of the Hub.")
    if code in _GONE:
        yield Text("There is no such file any more, or the name has a typing error.")


def _retry_after(value: str | None) -> float:
    """Seconds, which a server may also give as a date."""
    if value is None:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    with suppress(TypeError, ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
