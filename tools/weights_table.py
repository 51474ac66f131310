"""Makes the table of pretrained weights that ships with Atalho, from what torchvision and timm say of theirs.

python tools/weights_table.py RESULTS_CSV

RESULTS_CSV is timm's `results/results-imagenet.csv`, which holds the measured accuracies. A row needs a SHA-256 or a
file name that carries its first digits; what has neither is listed as left out. Facts alone are taken: addresses,
hashes, sizes, how images are prepared, licences, accuracies.
"""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import timm
import torchvision
from timm.models import list_pretrained
from timm.models._registry import _model_pretrained_cfgs
from torchvision.models import get_model_weights

from atalho.inspection.summary import describe_catalogue
from atalho.networks.catalogue import list_models

TABLE = Path(__file__).parent.parent / "src" / "atalho" / "pretrained" / "table.json"
NETWORKS = [name for name in list_models() if re.fullmatch(r"(wide_)?resnet(18|34|50|101|152)(_2)?|densenet\d+", name)]
HASHED = re.compile(r"-([0-9a-f]{8,64})\.pth$")
PARAMETERS = {network.name: network.parameters for network in describe_catalogue("*")}


def of_torchvision(name: str) -> list[dict[str, Any]]:
    rows = []
    weights = get_model_weights(name)
    for version in weights:
        how = version.transforms()
        short = {"IMAGENET1K_V1": "v1", "IMAGENET1K_V2": "v2"}[version.name]
        rows.append(
            {
                "name": f"tv:{name}.{short}",
                "also": [f"tv:{name}"] if version is weights.DEFAULT else [],
                "model": name,
                "url": version.url,
                "sha256": HASHED.search(version.url)[1],
                "bytes": math.ceil((version.meta["_file_size"] + 0.001) * 2**20),
                "size": how.crop_size[0],
                "resize": how.resize_size[0],
                "interpolation": how.interpolation.value,
                "mean": how.mean,
                "std": how.std,
                "classes": "imagenet",
                "licence": "BSD-3-Clause",
                "top1": round(version.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100, 6),
                "source": "torchvision",
            }
        )
    return rows


def of_timm(full: str, accuracies: dict[tuple[str, int], float]) -> dict[str, Any] | None:
    """A row, or None where nothing says what the file must hash to."""
    name = full.split(".")[0]
    known = _model_pretrained_cfgs[full]
    found = HASHED.search(known.url or "")
    if found is None or known.num_classes != 1000 or known.url.startswith("https://download.pytorch.org"):
        return None
    size = (known.test_input_size or known.input_size)[-1]
    return {
        "name": f"timm:{full}",
        "also": [],
        "model": name,
        "url": known.url,
        "sha256": found[1],
        "bytes": math.ceil(PARAMETERS[name] * 4 * 1.01) + 2**20,
        "size": size,
        "resize": math.floor(size / (known.test_crop_pct or known.crop_pct)),
        "interpolation": known.interpolation,
        "mean": list(known.mean),
        "std": list(known.std),
        "classes": "imagenet",
        "licence": {"apache-2.0": "Apache-2.0", "cc-by-nc-4.0": "CC-BY-NC-4.0"}[known.license],
        "top1": accuracies.get((full, size)),
        "source": "timm",
    }


def main(results: str) -> None:
    with Path(results).open(encoding="utf-8") as file:
        accuracies = {
            (row["model"], int(row["img_size"])): round(float(row["top1"]) / 100, 6) for row in csv.DictReader(file)
        }
    rows = [row for name in NETWORKS for row in of_torchvision(name)]
    names = [name for name in list_pretrained() if name.split(".")[0] in NETWORKS]
    further = {name: of_timm(name, accuracies) for name in names}
    rows += [row for row in further.values() if row is not None]
    # torchvision's own files are in the table by torchvision's names.
    left_out = [name for name, row in further.items() if row is None and not re.search(r"\.tv2?_in1k$", name)]
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    TABLE.write_text(
        f'{{\n "format": 1,\n "from": "torchvision {torchvision.__version__.split("+")[0]}, timm {timm.__version__}",\n'
        f' "left_out": {json.dumps(left_out)},\n "rows": [\n  {lines}\n ]\n}}\n',
        encoding="utf-8",
    )
    print(f"{len(rows)} rows, {len(left_out)} left out")


if __name__ == "__main__":
    main(*sys.argv[1:])
