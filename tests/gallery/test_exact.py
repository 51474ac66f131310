import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atalho.gallery.exact import Memory, nearest_of_all


@given(seed=st.integers(0, 1000), count=st.integers(0, 40), k=st.integers(1, 12), block=st.integers(1, 50))
def test_equals_sorting_everything(seed: int, count: int, k: int, block: int) -> None:
    generator = np.random.default_rng(seed)
    # Few distinct values, so that ties happen.
    vectors = generator.integers(-1, 2, size=(count, 3)).astype(np.float32)
    queries = generator.integers(-1, 2, size=(4, 3)).astype(np.float32)
    ids = np.arange(count, dtype=np.int64) * 3 + 5
    blocks = [(ids[s : s + block], vectors[s : s + block]) for s in range(0, count, block)]
    found, similarity = nearest_of_all(queries, blocks, k)
    for query, names, values in zip(queries, found, similarity, strict=True):
        similar = dict(zip(ids.tolist(), (vectors @ query).tolist(), strict=True))
        assert values.tolist() == sorted(similar.values(), reverse=True)[:k]
        assert [similar[name] for name in names.tolist()] == values.tolist()
        assert len(set(names.tolist())) == len(names)
        pairs = list(zip((-values).tolist(), names.tolist(), strict=True))
        assert pairs == sorted(pairs)


def test_memory_reads_once_a_generation_and_streams_what_is_large() -> None:
    reads = []

    def read() -> list[tuple[np.ndarray, np.ndarray]]:
        reads.append(1)
        return [(np.array([n]), np.ones((1, 2), np.float32)) for n in (1, 2)]

    memory = Memory(limit_bytes=100)
    assert [ids.tolist() for ids, _vectors in memory.blocks(7, 16, read)] == [[1, 2]]
    memory.blocks(7, 16, read)
    assert len(reads) == 1
    memory.blocks(8, 16, read)
    assert len(reads) == 2
    assert [ids.tolist() for ids, _vectors in memory.blocks(8, 101, read)] == [[1], [2]]
