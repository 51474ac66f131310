"""A web server on this machine that serves files, faithfully or with one of the faults that servers have."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """`files` by their paths; `faults` says what goes wrong, in order of the requests for a path, and then no more."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of every request."""
    tag: str | None = '"first"'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: FileServer = self.server.about  # type: ignore[attr-defined]
        server.asked.append((self.path, dict(self.headers)))
        if self.path in server.redirects:
            self._head(302, {"Location": server.redirects[self.path], "Content-Length": "0"})
            return
        body = server.files.get(self.path)
        if body is None:
            self._head(404, {"Content-Length": "0"})
            return
        fault = server.faults[self.path].pop(0) if server.faults.get(self.path) else ""
        match fault.split():
            case ["status", code]:
                self._head(int(code), {"Content-Length": "0"})
                return
            case ["status", code, after]:
                self._head(int(code), {"Content-Length": "0", "Retry-After": after})
                return
            case ["page"]:
                self._answer(b"<!DOCTYPE html><p>Log in first", {"Content-Type": "text/html"})
                return
            case ["disguised"]:
                self._answer(b"<html><p>Log in first", {"Content-Type": "application/octet-stream"})
                return
            case ["silence"]:
                time.sleep(1.0)
                self.close_connection = True
                return
        start, ranged = 0, self.headers.get("Range")
        if ranged and self.headers.get("If-Range", server.tag) == server.tag and fault != "no ranges":
            start = int(ranged.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self._head(416, {"Content-Length": "0"})
                return
        tag = {"ETag": server.tag} if server.tag else {}
        headers = {"Content-Length": str(len(body) - start), **tag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        sent = body[start:]
        if fault == "truncated":  # the connection ends half way
            sent = sent[: len(sent) // 2]
            self.close_connection = True
        if fault == "says less":
            headers["Content-Length"] = str(len(sent) - 1)
            sent = sent[:-1]
        if fault == "says more":
            headers["Content-Length"] = str(len(sent) + 10)
            self.close_connection = True
        if fault == "chunks":  # without a length
            del headers["Content-Length"]
            self._head(200, {**headers, "Transfer-Encoding": "chunked"})
            for first in range(0, len(sent), 1000):
                part = sent[first : first + 1000]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self._head(206 if start else 200, headers)
        self.wfile.write(sent)

    def _answer(self, body: bytes, headers: dict[str, str]) -> None:
        self._head(200, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _head(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[FileServer]:
    """The server while entered; its address ends in a port that was free."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    about = FileServer(f"http://127.0.0.1:{server.server_address[1]}")
    server.about = about  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield about
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
