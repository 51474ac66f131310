import hashlib
import threading
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from file_server import FileServer, serving

from atalho.errors import ConfigError, WeightsError
from atalho.pretrained import transport
from atalho.pretrained.transport import Patience

CONTENT = bytes(range(256)) * 400
HASH = hashlib.sha256(CONTENT).hexdigest()
SOON = Patience(silence=0.3, wait=3, pause=0.01, attempts=3)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as found:
        found.files["/w.pth"] = CONTENT
        yield found


def fetch(server: FileServer, target: Path, sha256: str | None = HASH, **options: object) -> str:
    asked = {"sha256": sha256, "most": 10**6, "patience": SOON} | options
    return transport.fetch(f"{server.url}/w.pth", target, **asked)  # type: ignore[arg-type]


def test_a_file_arrives_under_its_name_alone(server: FileServer, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    assert fetch(server, tmp_path / "w.pth", told=lambda done, total: told.append((done, total))) == HASH
    assert (tmp_path / "w.pth").read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert {path.name for path in tmp_path.iterdir()} <= {"w.pth", "w.pth.lock"}


def test_what_is_there_is_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    for _turn in range(2):
        assert fetch(server, tmp_path / "w.pth") == HASH
    assert len(server.asked) == 1


@pytest.mark.parametrize("digits", [64, 8])
def test_a_wrong_hash_leaves_nothing(server: FileServer, tmp_path: Path, digits: int) -> None:
    with pytest.raises(WeightsError, match=HASH) as error:
        fetch(server, tmp_path / "w.pth", ("0" * 64)[:digits])
    assert "0" * digits in str(error.value)
    assert not {path.name for path in tmp_path.iterdir()} - {"w.pth.lock"}


def test_the_first_digits_of_a_hash_are_enough(server: FileServer, tmp_path: Path) -> None:
    assert fetch(server, tmp_path / "w.pth", HASH[:8]) == HASH


@pytest.mark.parametrize("fault", ["truncated", "silence", "status 503", "status 429 1", "says more", "chunks"])
def test_faults_that_pass_are_waited_out(server: FileServer, tmp_path: Path, fault: str) -> None:
    server.faults["/w.pth"] = [fault]
    assert fetch(server, tmp_path / "w.pth") == HASH
    assert (tmp_path / "w.pth").read_bytes() == CONTENT


def test_half_a_file_is_continued_where_it_ended(server: FileServer, tmp_path: Path) -> None:
    server.faults["/w.pth"] = ["truncated", "status 500", "status 500", "status 500", "status 500"]
    with pytest.raises(WeightsError, match="continues from there"):
        fetch(server, tmp_path / "w.pth")
    half = (tmp_path / "w.pth.part").stat().st_size
    assert 0 < half < len(CONTENT)
    server.faults.clear()
    server.asked.clear()
    assert fetch(server, tmp_path / "w.pth") == HASH
    assert [headers["Range"] for _path, headers in server.asked] == [f"bytes={half}-"]


def test_two_versions_of_a_file_are_never_joined(server: FileServer, tmp_path: Path) -> None:
    server.faults["/w.pth"] = ["truncated", *["status 500"] * 4]
    with pytest.raises(WeightsError):
        fetch(server, tmp_path / "w.pth", None)
    server.faults.clear()
    other = CONTENT[::-1]
    server.files["/w.pth"], server.tag = other, '"second"'
    assert fetch(server, tmp_path / "w.pth", None) == hashlib.sha256(other).hexdigest()


def test_a_server_without_ranges_begins_again(server: FileServer, tmp_path: Path) -> None:
    server.faults["/w.pth"] = ["truncated", "no ranges"]
    assert fetch(server, tmp_path / "w.pth") == HASH


def test_without_version_and_hash_nothing_is_continued(server: FileServer, tmp_path: Path) -> None:
    server.tag = None
    server.faults["/w.pth"] = ["truncated"]
    fetch(server, tmp_path / "w.pth", None)
    assert not any("Range" in headers for _path, headers in server.asked)


@pytest.mark.parametrize("fault", ["page", "disguised"])
def test_a_web_page_is_no_weights(server: FileServer, tmp_path: Path, fault: str) -> None:
    server.faults["/w.pth"] = [fault]
    with pytest.raises(WeightsError, match="web page"):
        fetch(server, tmp_path / "w.pth")
    assert not (tmp_path / "w.pth.part").exists()


def test_a_length_that_is_too_short_is_a_wrong_hash(server: FileServer, tmp_path: Path) -> None:
    server.faults["/w.pth"] = ["says less"]
    with pytest.raises(WeightsError, match="SHA-256"):
        fetch(server, tmp_path / "w.pth")


@pytest.mark.parametrize("fault", ["", "chunks"])
def test_more_than_was_allowed_is_not_kept(server: FileServer, tmp_path: Path, fault: str) -> None:
    server.faults["/w.pth"] = [fault]
    with pytest.raises(WeightsError, match="at most"):
        fetch(server, tmp_path / "w.pth", most=5000)
    assert not (tmp_path / "w.pth.part").exists()


def test_silence_that_stays_is_an_error(server: FileServer, tmp_path: Path) -> None:
    server.faults["/w.pth"] = ["silence"] * 9
    with pytest.raises(WeightsError, match="timed out"):
        fetch(server, tmp_path / "w.pth")


def test_a_server_that_asks_to_wait_too_long_is_not_waited_for(server: FileServer, tmp_path: Path) -> None:
    server.faults["/w.pth"] = ["status 429 3600"]
    with pytest.raises(WeightsError, match=r"429.*3600"):
        fetch(server, tmp_path / "w.pth")


def test_a_date_to_come_back_at_is_understood(server: FileServer, tmp_path: Path) -> None:
    assert transport._retry_after(formatdate(usegmt=True)) < 2
    assert transport._retry_after("soon") == 0


@pytest.mark.parametrize(("code", "hint"), [(404, "no such file"), (403, "HF_TOKEN")])
def test_an_answer_that_stays_is_told_at_once(server: FileServer, tmp_path: Path, code: int, hint: str) -> None:
    server.faults["/w.pth"] = [f"status {code}"]
    with pytest.raises(WeightsError, match=hint):
        fetch(server, tmp_path / "w.pth")
    assert len(server.asked) == 1


def test_only_https_or_this_machine(tmp_path: Path, server: FileServer) -> None:
    for url in ("http://example.org/w.pth", "ftp://example.org/w.pth", "file:///etc/passwd"):
        with pytest.raises(ConfigError, match="https"):
            transport.fetch(url, tmp_path / "w.pth", sha256=None, most=10)
    server.redirects["/w.pth"] = "http://example.org/w.pth"
    with pytest.raises(ConfigError, match="https"):
        fetch(server, tmp_path / "w.pth")


def test_a_token_goes_to_its_own_host_alone(server: FileServer, tmp_path: Path) -> None:
    with serving() as other:
        other.files["/elsewhere"] = CONTENT
        server.files["/here"] = CONTENT
        server.redirects |= {"/w.pth": "/step", "/step": f"{other.url}/elsewhere"}
        assert fetch(server, tmp_path / "w.pth", token="secret") == HASH
        assert [headers.get("Authorization") for _path, headers in server.asked] == ["Bearer secret"] * 2
        assert [headers.get("Authorization") for _path, headers in other.asked] == [None]


def test_two_that_want_a_file_fetch_it_once(server: FileServer, tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(server, tmp_path / "w.pth"))) for _turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [HASH] * 4
    assert len(server.asked) == 1


def test_a_mirror_is_asked_instead(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATALHO_MIRROR", server.url)
    transport.fetch("https://example.org/w.pth", tmp_path / "w.pth", sha256=HASH, most=10**6, patience=SOON)
    assert [path for path, _headers in server.asked] == ["/w.pth"]
