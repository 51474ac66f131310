import torch

from atalho.blocks.head import ClassifierHead


def test_the_embedding_is_the_mean_over_all_positions() -> None:
    features = torch.randn(2, 5, 3, 4)
    torch.testing.assert_close(ClassifierHead(5, 7).embedding(features), features.mean(dim=(2, 3)))


def test_logits_are_linear_in_the_embedding() -> None:
    head = ClassifierHead(5, 7, dropout=0.5).eval()
    features = torch.randn(2, 5, 3, 4)
    expected = head.embedding(features) @ head.classifier.weight.T + head.classifier.bias
    torch.testing.assert_close(head(features), expected)


def test_dropout_falls_on_the_embedding_in_training() -> None:
    head = ClassifierHead(64, 7, dropout=0.5)
    seen: list[torch.Tensor] = []
    head.classifier.register_forward_hook(lambda module, given, y: seen.append(given[0]))
    head(torch.ones(8, 64, 3, 3))
    assert set(seen[0].unique().tolist()) == {0.0, 2.0}
