import pytest
import torch

from atalho.errors import ConfigError
from atalho.gallery.expansion import expanded, expanded_in


def test_a_query_moves_towards_what_it_found() -> None:
    query = torch.tensor([[1.0, 0.0]])
    found = torch.tensor([[[0.0, 1.0]]])
    assert torch.allclose(expanded(query, found), torch.tensor([[0.5**0.5, 0.5**0.5]]))


def test_without_answers_nothing_changes() -> None:
    queries = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    assert torch.allclose(expanded(queries, torch.empty(3, 0, 4)), queries)


def test_answers_of_another_size() -> None:
    with pytest.raises(ConfigError, match=r"\(3, 4\) queries cannot be averaged with answers of shape \(3, 2, 5\)"):
        expanded(torch.zeros(3, 4), torch.zeros(3, 2, 5))


def test_in_a_gallery_the_nearest_are_averaged_in() -> None:
    generator = torch.Generator().manual_seed(0)
    queries, gallery = (torch.nn.functional.normalize(torch.randn(n, 8, generator=generator), dim=1) for n in (7, 30))
    order = (queries @ gallery.T).argsort(1, descending=True)[:, :3]
    assert torch.allclose(expanded_in(queries, gallery, 3), expanded(queries, gallery[order]))
    alone = expanded_in(gallery, None, 3)
    for place in (0, 13):  # of the same set: its own image is no answer
        others = torch.cat([gallery[:place], gallery[place + 1 :]])
        assert torch.allclose(alone[place : place + 1], expanded_in(gallery[place : place + 1], others, 3), atol=1e-6)


def test_blocks_and_more_answers_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    points = torch.nn.functional.normalize(torch.randn(11, 4, generator=torch.Generator().manual_seed(1)), dim=1)
    whole = expanded_in(points, None, 5)
    monkeypatch.setattr("atalho.gallery.expansion._ROWS", 3)
    assert torch.allclose(expanded_in(points, None, 5), whole, atol=1e-6)
    assert torch.equal(expanded_in(points, None, 99), expanded_in(points, None, 10))
    assert expanded_in(points[:0], None, 5).shape == (0, 4)
