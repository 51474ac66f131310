"""What every store must do, the file and the server alike."""

import traceback

import numpy as np
import pytest
from unit_vectors import unit

from atalho.errors import ConfigError, GalleryError
from atalho.gallery.store import Entry, EntryFilter, Origin, open_store, shown
from atalho.gallery.store import place as place_of

ORIGIN = Origin("fingerprint", "runs/letters/model", 16)


def images(count: int) -> list[Entry]:
    return [Entry(f"{n:064x}", f"/photos/{n}.png", f"identity {n % 5}", str(n % 3)) for n in range(count)]


def test_what_was_put_is_there_when_opened_again(place: str) -> None:
    first = open_store(place, ORIGIN)
    first.put(images(20), unit(20))
    first.close()
    again = open_store(place)
    assert again.origin == ORIGIN
    assert list(again.entries()) == images(20)
    assert again.count() == 20
    assert again.verify() == []
    again.close()


def test_the_nearest_are_those_with_the_largest_product(place: str) -> None:
    store = open_store(place, ORIGIN)
    vectors, queries = unit(200), unit(5, seed=1)
    store.put(images(200), vectors)
    for exact in (True, False):
        for query, hits in zip(queries, store.nearest(queries, 7, exact=exact), strict=True):
            order = np.argsort(-(vectors @ query))[:7]
            assert [hit.entry.path for hit in hits] == [f"/photos/{n}.png" for n in order]
            assert np.allclose([hit.similarity for hit in hits], (vectors @ query)[order], atol=1e-5)
    store.close()


def test_only_some_are_searched(place: str) -> None:
    store = open_store(place, ORIGIN)
    store.put([*images(60), Entry("f" * 64, "/photos/none.png")], unit(61))
    query = unit(1, seed=3)
    for among in (
        EntryFilter(("identity 1",)),
        EntryFilter(("identity 1", "identity 2"), ("0", "2")),
        EntryFilter(cameras=("1",)),
        EntryFilter(),
    ):
        for exact in (True, False):
            order = [hit.entry for hit in store.nearest(query, 61, exact=True)[0]]
            wanted = [
                entry
                for entry in order
                if (not among.labels or entry.label in among.labels)
                and (not among.cameras or entry.camera in among.cameras)
            ]
            assert [hit.entry for hit in store.nearest(query, 61, exact=exact, among=among)[0]] == wanted
    assert store.nearest(query, 5, among=EntryFilter(("nobody",))) == [[]]
    store.close()


def test_vectors_come_back_as_they_were_put(place: str) -> None:
    store = open_store(place, ORIGIN)
    store.put(images(5), unit(5))
    wanted = [images(5)[3].digest, images(5)[0].digest]
    found = store.vectors([*wanted, "not there"])
    assert found.keys() == set(wanted)
    assert np.array_equal([found[digest] for digest in wanted], unit(5)[[3, 0]])
    assert store.vectors([]) == {}
    store.close()


def test_putting_the_same_again_changes_nothing_but_labels(place: str) -> None:
    store = open_store(place, ORIGIN)
    store.put(images(3), unit(3))
    moved = Entry(images(3)[1].digest, "/photos/moved.png", "another", None)
    store.put([moved], unit(3)[1:2])
    assert store.count() == 3
    assert store.known([moved.digest, "none"]) == {moved.digest: moved}
    store.close()


def test_a_file_that_was_overwritten_is_no_longer_found_as_it_was(place: str) -> None:
    store = open_store(place, ORIGIN)
    store.put(images(2), unit(2))
    store.put([Entry("f" * 64, "/photos/0.png")], unit(1, seed=9))
    assert [entry.digest for entry in store.entries()] == [images(2)[1].digest, "f" * 64]
    store.close()


def test_removed_images_are_gone_and_unknown_ones_are_not_counted(place: str) -> None:
    store = open_store(place, ORIGIN)
    store.put(images(4), unit(4))
    assert store.remove([images(4)[0].digest, "none"]) == 1
    assert store.count() == 3
    assert all(hit.entry.path != "/photos/0.png" for hit in store.nearest(unit(4)[:1], 4)[0])
    store.close()


def test_a_search_sees_what_another_process_changed(place: str) -> None:
    reader, writer = open_store(place, ORIGIN), open_store(place)
    writer.put(images(3), unit(3))
    assert len(reader.nearest(unit(1), 9)[0]) == 3
    writer.put([Entry("a" * 64, "/photos/new.png")], unit(1, seed=4))
    assert reader.nearest(unit(1, seed=4), 1)[0][0].entry.path == "/photos/new.png"
    assert reader.generation() == writer.generation()
    reader.close()
    writer.close()


def test_an_empty_gallery_finds_nothing(place: str) -> None:
    store = open_store(place, ORIGIN)
    assert store.nearest(unit(2), 3) == [[], []]
    assert store.known([]) == {}
    store.rebuild()
    store.close()


def test_nothing_is_kept_of_a_batch_that_does_not_fit(place: str) -> None:
    store = open_store(place, ORIGIN)
    with pytest.raises(GalleryError, match="of dimension 16 for each of 3 images"):
        store.put(images(3), unit(3)[:, :8])
    with pytest.raises(GalleryError, match="stores unit vectors"):
        store.put(images(3), 2 * unit(3))
    with pytest.raises(GalleryError, match="stores unit vectors"):
        store.put(images(3), np.full((3, 16), np.nan, np.float32))
    assert store.count() == 0
    store.close()


def test_the_vectors_of_another_model_are_refused(place: str) -> None:
    open_store(place, ORIGIN).close()
    with pytest.raises(GalleryError, match=r"vectors of another model \(runs/letters/model, dimension 16\)"):
        open_store(place, Origin("other", "runs/other/model", 16))


def test_no_gallery(place: str) -> None:
    with pytest.raises(GalleryError, match=r"gallery not found\. Create one with: atalho index"):
        open_store(place)


def test_rebuilding_changes_no_answer(place: str) -> None:
    store = open_store(place, ORIGIN)
    store.put(images(50), unit(50))
    before = store.nearest(unit(2, seed=1), 5)
    store.rebuild()
    assert store.nearest(unit(2, seed=1), 5) == before
    store.close()


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("postgresql://ana:secret@host:5432/db", "postgresql://ana@host:5432/db"),
        ("POSTGRESQL://ana:secret@host/db", "POSTGRESQL://ana@host/db"),
        ("postgres://host/db?user=bob&password=secret", "postgres://host/db?user=bob"),
        ("postgresql:///db?PassWord=secret", "postgresql:///db"),
        ("postgresql://host/db?p%61ssword=secret&sslpassword=secret", "postgresql://host/db"),
        ("/photos/ana:secret@home.db", "/photos/ana:secret@home.db"),
    ],
)
def test_a_password_is_not_shown(address: str, text: str) -> None:
    assert shown(address) == text


@pytest.mark.parametrize(
    "address",
    [
        "POSTGRESQL://ana:s%33cret@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=ana&password=s3cret",
        "postgresql://ana:s3cret@127.0.0.1:bad/db",
        "postgresql://127.0.0.1:1/db?password=s3cret&nonsense=1",
    ],
)
def test_a_password_is_in_no_error(address: str) -> None:
    with pytest.raises(GalleryError, match="Cannot use ") as caught:
        open_store(place_of(address))
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in told.replace(address, "")


def test_a_scheme_in_any_case_is_a_server() -> None:
    assert place_of("PostgreSQL://host/Db") == "postgresql://host/Db"
    with pytest.raises(ConfigError, match="No gallery given"):
        place_of("")
