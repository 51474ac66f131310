"""Two examples for each command, as its help shows them: a line each, on the real images that ship with Atalho."""

from typing import Final

EXAMPLES: Final = {
    "": ("atalho sample fashion clothes", "atalho train clothes"),
    "sample": ("atalho sample fashion clothes", "atalho sample omniglot characters"),
    "doctor": ("atalho doctor clothes", "atalho doctor characters --task reid --report check-up.html"),
    "train": (
        "atalho train clothes --minutes 2",
        "atalho train clothes --from runs/clothes --epochs 3 --out runs/again",
    ),
    "evaluate": ("atalho evaluate runs/clothes", "atalho evaluate runs/clothes clothes --json"),
    "predict": (
        "atalho predict runs/clothes clothes/test/bag",
        'atalho predict runs/clothes "clothes/test/*/000*.png" --top 2 --format csv',
    ),
    "runs": ("atalho runs", "atalho runs --compare runs/clothes runs/again"),
    "grow": (
        "atalho grow runs/clothes --at stages.1.1 --out grown/one",
        "atalho grow runs/clothes --at stages.0.1 --kind copy --out grown/two",
    ),
    "models": ("atalho models", "atalho models 'resnet*'"),
    "show": ("atalho show resnet34 --svg resnet34.svg", "atalho show runs/clothes"),
    "import": (
        "atalho import resnet20.th --out models/resnet20",
        "atalho import resnet20.th --out models/again --classes cifar10",
    ),
    "weights": ("atalho weights list", "atalho weights fetch tv:resnet50"),
    "weights list": ("atalho weights list", "atalho weights list '*resnet50*'"),
    "weights show": ("atalho weights show tv:resnet50", "atalho weights show tv:resnet50 --json"),
    "weights fetch": ("atalho weights fetch tv:resnet50", "atalho weights fetch tv:resnet18 tv:resnet34"),
    "weights export": ("atalho weights export weights", "atalho weights export /media/usb/weights"),
    "weights add": ("atalho weights add weights", "atalho weights add /media/usb/weights"),
    "embed": (
        "atalho embed runs/characters characters --out vectors.npy",
        "atalho embed runs/clothes clothes/test/bag --out bags.csv",
    ),
    "index": (
        "atalho index runs/characters characters --gallery characters.db",
        "atalho index runs/characters --vectors vectors.npy --gallery again.db",
    ),
    "search": (
        "atalho search characters.db one.png",
        "atalho search characters.db characters/Greek -k 3 --leave-self-out",
    ),
    "compare": (
        "atalho compare runs/characters one.png other.png",
        "atalho compare runs/characters one.png other.png --json",
    ),
    "threshold": (
        "atalho threshold runs/characters",
        "atalho threshold runs/characters characters --false-accept 0.05",
    ),
    "gallery": ("atalho gallery list characters.db", "atalho gallery verify characters.db"),
    "gallery list": (
        "atalho gallery list characters.db",
        "atalho gallery list characters.db --label Greek/character01",
    ),
    "gallery remove": (
        "atalho gallery remove characters.db characters/Greek/character01/0394_01.png",
        "atalho gallery remove characters.db --label Greek/character02",
    ),
    "gallery relabel": (
        "atalho gallery relabel again.db α characters/Greek/character01/0394_02.png",
        "atalho gallery relabel characters.db β --label Greek/character03",
    ),
    "gallery prune": ("atalho gallery prune characters.db --dry-run", "atalho gallery prune characters.db"),
    "gallery merge": (
        "atalho gallery merge characters.db again.db --into both.db",
        "atalho gallery merge again.db --into characters.db",
    ),
    "gallery verify": ("atalho gallery verify characters.db", "atalho gallery verify characters.db --json"),
    "gallery rebuild": ("atalho gallery rebuild characters.db", "atalho gallery rebuild characters.db --json"),
    "lab": ("atalho lab identity resnet34", "atalho lab depth clothes --images 1000 --seeds 2"),
    "lab depth": (
        "atalho lab depth clothes --images 1000 --epochs 3 --seeds 2",
        "atalho lab depth clothes --depths 8,20 --budget 2 --out lab/two-depths",
    ),
    "lab compare": (
        "atalho lab compare clothes --models resnet20,plain20 --images 1000 --seeds 2",
        "atalho lab compare clothes --equal time --budget 2",
    ),
    "lab identity": ("atalho lab identity resnet34", "atalho lab identity runs/clothes clothes --blocks 1"),
    "lab gradients": ("atalho lab gradients resnet20 clothes", "atalho lab gradients runs/clothes --seeds 2"),
    "lab cost": ("atalho lab cost resnet34 densenet121", "atalho lab cost resnet20 plain20 --batch 32"),
    "lab lesion": ("atalho lab lesion runs/clothes", "atalho lab lesion runs/clothes --images 200 --counts 2,4"),
    "lab landscape": (
        "atalho lab landscape runs/clothes",
        "atalho lab landscape runs/clothes --points 11 --lines 2 --images 100",
    ),
    "completion": (
        "atalho completion bash > ~/.local/share/bash-completion/completions/atalho",
        "atalho completion fish > ~/.config/fish/completions/atalho.fish",
    ),
}
"""By the words of the command. Whoever runs them in this order has what each of them needs."""
