"""Networks as their authors write them, for the names and the sums that their weights go with. Written for these tests
from what the programs do, not copied."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn


def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights and statistics of every norm drawn by chance, so that no two channels are alike."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                for values in (module.weight, module.running_var):
                    values.copy_(torch.rand(values.shape, generator=generator) * 0.5 + 0.5)
                for values in (module.bias, module.running_mean):
                    values.copy_(torch.randn(values.shape, generator=generator) * 0.1)
    return network.eval()


def resnet18(classes: int = 5) -> nn.Module:
    network: nn.Module = torchvision.models.resnet18(num_classes=classes)
    return randomised(network)


def headless(network: nn.Module) -> nn.Module:
    network.fc = nn.Identity()
    return network


class HuggingFaceLayer(nn.Module):
    def __init__(self, before: int, after: int, kernel: int, stride: int, relu: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
        self.normalization = nn.BatchNorm2d(after)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = self.normalization(self.convolution(x))
        return F.relu(x) if self.relu else x


class HuggingFaceBlock(nn.Module):
    def __init__(self, before: int, after: int, stride: int, bottleneck: bool, first: bool) -> None:
        super().__init__()
        fits = before == after and stride == 1
        self.shortcut = nn.Identity() if fits else HuggingFaceLayer(before, after, 1, stride, False)
        if bottleneck:
            self.layer = nn.Sequential(
                HuggingFaceLayer(before, after // 4, 1, stride if first else 1, True),
                HuggingFaceLayer(after // 4, after // 4, 3, 1 if first else stride, True),
                HuggingFaceLayer(after // 4, after, 1, 1, False),
            )
        else:
            self.layer = nn.Sequential(
                HuggingFaceLayer(before, after, 3, stride, True), HuggingFaceLayer(after, after, 3, 1, False)
            )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.layer(x) + self.shortcut(x))


class HuggingFace(nn.Module):
    """`ResNetForImageClassification`; `first` is its configuration's `downsample_in_bottleneck`."""

    def __init__(self, blocks: tuple[int, ...], bottleneck: bool = False, first: bool = False) -> None:
        super().__init__()
        self.resnet = nn.Module()
        self.resnet.embedder = nn.Module()
        self.resnet.embedder.embedder = HuggingFaceLayer(3, 64, 7, 2, True)
        stages, before = [], 64
        for number, count in enumerate(blocks):
            width = (256 if bottleneck else 64) * 2**number
            strides = [1 if number == 0 else 2] + [1] * (count - 1)
            ins = [before] + [width] * (count - 1)
            stage = nn.Module()
            stage.layers = nn.Sequential(
                *(HuggingFaceBlock(i, width, s, bottleneck, first) for i, s in zip(ins, strides, strict=True))
            )
            stages.append(stage)
            before = width
        self.resnet.encoder = nn.Module()
        self.resnet.encoder.stages = nn.ModuleList(stages)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(before, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.resnet.embedder.embedder(x), 3, 2, 1)
        for stage in self.resnet.encoder.stages:
            x = stage.layers(x)
        return self.classifier(x.mean(dim=(2, 3)))


class SmallBlock(nn.Module):
    """weiaicunzai's block."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.residual_function = nn.Sequential(
            *(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()),
            *(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)),
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.residual_function(x) + self.shortcut(x))


class SmallNetwork(nn.Module):
    """weiaicunzai's resnet18 for CIFAR-100, of few channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.conv2_x = nn.Sequential(SmallBlock(16, 16, 1), SmallBlock(16, 16, 1))
        self.conv3_x = nn.Sequential(SmallBlock(16, 32, 2), SmallBlock(32, 32, 1))
        self.conv4_x = nn.Sequential(SmallBlock(32, 64, 2), SmallBlock(64, 64, 1))
        self.conv5_x = nn.Sequential(SmallBlock(64, 128, 2), SmallBlock(128, 128, 1))
        self.fc = nn.Linear(128, 7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv5_x(self.conv4_x(self.conv3_x(self.conv2_x(self.conv1(x)))))
        return self.fc(x.mean(dim=(2, 3)))


class DenseLayer(nn.Module):
    def __init__(self, before: int, growth: int, newest_first: bool) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(before), nn.Conv2d(before, 4 * growth, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.newest_first = newest_first

    def forward(self, x: Tensor) -> Tensor:
        new = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return torch.cat([new, x] if self.newest_first else [x, new], 1)


class DenseTransition(nn.Module):
    def __init__(self, before: int, numbered: bool) -> None:
        super().__init__()
        self.names = ("bn1", "conv1") if numbered else ("bn", "conv")
        setattr(self, self.names[0], nn.BatchNorm2d(before))
        setattr(self, self.names[1], nn.Conv2d(before, before // 2, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        norm, convolution = (getattr(self, name) for name in self.names)
        return F.avg_pool2d(convolution(F.relu(norm(x))), 2)


class CifarDenseNet(nn.Module):
    """kuangliu's (which puts the newest channels first) or bamos' DenseNet for CIFAR."""

    def __init__(self, kuangliu: bool, layers: int = 3, growth: int = 6) -> None:
        super().__init__()
        channels = 2 * growth
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        for number in (1, 2, 3):
            made = [DenseLayer(channels + growth * place, growth, kuangliu) for place in range(layers)]
            channels += growth * layers
            setattr(self, f"dense{number}", nn.Sequential(*made))
            if number < 3:
                setattr(self, f"trans{number}", DenseTransition(channels, not kuangliu))
                channels //= 2
        self.last = ("bn", "linear") if kuangliu else ("bn1", "fc")
        setattr(self, self.last[0], nn.BatchNorm2d(channels))
        setattr(self, self.last[1], nn.Linear(channels, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.trans1(self.dense1(self.conv1(x)))
        x = self.dense3(self.trans2(self.dense2(x)))
        norm, classifier = (getattr(self, name) for name in self.last)
        return classifier(F.relu(norm(x)).mean(dim=(2, 3)))


class PooledSmallStem(nn.Module):
    """huyvnphan's resnet18 for CIFAR: a 3x3 stem of stride 1 and max pooling, under torchvision's names."""

    def __new__(cls) -> nn.Module:  # type: ignore[misc]
        network = torchvision.models.resnet18(num_classes=10)
        network.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        return randomised(network)


def backbone(last_stride: int) -> nn.Module:
    network = torchvision.models.resnet18()
    if last_stride == 1:
        for module in (network.layer4[0].conv1, network.layer4[0].downsample[0]):
            module.stride = (1, 1)
    return network


def features(network: nn.Module, x: Tensor, relu: bool = True) -> Tensor:
    x = network.bn1(network.conv1(x))
    x = F.max_pool2d(F.relu(x) if relu else x, 3, 2, 1)
    return network.layer4(network.layer3(network.layer2(network.layer1(x))))


class BagOfTricks(nn.Module):
    """reid-strong-baseline: a stem without ReLU, last stride 1, the feature after the neck."""

    def __init__(self) -> None:
        super().__init__()
        self.base = backbone(1)
        del self.base.fc
        self.bottleneck = nn.BatchNorm1d(512)
        self.classifier = nn.Linear(512, 11, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.bottleneck(features(self.base, x, relu=False).mean(dim=(2, 3)))


class FastReid(nn.Module):
    """fast-reid: GeM pooling, a reduction by a 1x1 convolution, its neck on maps, pixels from 0 to 255."""

    def __init__(self, reduction: bool) -> None:
        super().__init__()
        self.backbone = backbone(1)
        del self.backbone.fc
        self.heads = nn.Module()
        self.heads.pool_layer = nn.Module()
        self.heads.pool_layer.p = nn.Parameter(torch.tensor([2.5]))
        length = 64 if reduction else 512
        layers = [nn.Conv2d(512, 64, 1, bias=False)] if reduction else []
        self.heads.bottleneck = nn.Sequential(*layers, nn.BatchNorm2d(length))
        self.heads.weight = nn.Parameter(torch.randn(11, length))
        self.register_buffer("pixel_mean", torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1))
        self.register_buffer("pixel_std", torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Of images that are normalised already."""
        powers = features(self.backbone, x).clamp(min=1e-6) ** self.heads.pool_layer.p
        return self.heads.bottleneck(powers.mean(dim=(2, 3), keepdim=True) ** (1 / self.heads.pool_layer.p)).flatten(1)


class Layumi(nn.Module):
    """Person_reID_baseline_pytorch: ImageNet's classifier stays in the file; the feature is that of the added block."""

    def __init__(self) -> None:
        super().__init__()
        self.model = backbone(2)
        self.classifier = nn.Module()
        self.classifier.add_block = nn.Sequential(nn.Linear(512, 32), nn.BatchNorm1d(32), nn.Dropout())
        self.classifier.classifier = nn.Sequential(nn.Linear(32, 11))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier.add_block(features(self.model, x).mean(dim=(2, 3)))


REID: dict[str, Callable[[], nn.Module]] = {
    "Bag of tricks": BagOfTricks,
    "fast-reid": lambda: FastReid(reduction=False),
    "fast-reid, reduced": lambda: FastReid(reduction=True),
    "layumi": Layumi,
}
