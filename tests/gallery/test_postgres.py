"""What only the server has: schemas. The contract that it shares with the file is tested with it."""

import psycopg
import pytest
from unit_vectors import unit

from atalho.errors import GalleryError
from atalho.gallery.store import Entry, Origin, Store, open_store

ORIGIN = Origin("fingerprint", "model", 16)


@pytest.fixture
def database(server: str) -> str:
    """A new database on the server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop database if exists galleries")
        connection.execute("create database galleries")
    return server.replace("/postgres?", "/galleries?")


def filled(address: str, name: str) -> Store:
    """A gallery with one image of this name."""
    store = open_store(address, ORIGIN)
    store.put([Entry(name, f"/{name}.png")], unit(1))
    return store


def paths(store: Store) -> list[str]:
    """What is there, and found."""
    found = [entry.path for entry in store.entries()]
    assert [hit.entry.path for hit in store.nearest(unit(1), 9)[0]] == found
    assert store.verify() == []
    store.close()
    return found


@pytest.mark.parametrize("path", ["big", "big,public", '"Big one",public'])
def test_a_second_gallery_in_a_schema_of_its_own(database: str, path: str) -> None:
    filled(database, "first").close()
    address = f"{database}&options=-csearch_path%3D{path.replace(' ', '%5C%20').replace(chr(34), '%22')}"
    with pytest.raises(GalleryError, match="gallery not found"):
        open_store(address)
    store = filled(address, "second")
    store.rebuild()
    assert paths(store) == ["/second.png"]
    assert paths(open_store(address)) == ["/second.png"]
    assert paths(open_store(database)) == ["/first.png"]


def test_the_extension_may_be_in_any_schema(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create schema elsewhere")
        connection.execute("create extension vector schema elsewhere")
    filled(database, "first").close()
    assert paths(open_store(database)) == ["/first.png"]


def test_damage_is_named(database: str) -> None:
    store = filled(database, "first")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update atalho_images set vector = (array_fill(7, array[16]))::vector")
        assert store.verify() == ["/first.png: damaged vector; index the image again"]
        assert store.vectors(["first"]) == {}
        with pytest.raises(GalleryError, match=r"is damaged\. For details, run: atalho gallery verify"):
            store.nearest(unit(1), 1)
        connection.execute("update atalho_about set value = 'many' where key = 'generation'")
    with pytest.raises(GalleryError, match="its generation is 'many'"):
        store.generation()
    store.close()
