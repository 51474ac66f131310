import pytest
import torch

from atalho.errors import ConfigError
from atalho.gallery.expansion import expanded


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
