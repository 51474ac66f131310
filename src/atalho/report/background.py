"""The parts of the page that say where the result comes from: data, cost, configuration and provenance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from atalho.data.duplicates import LeftOut
from atalho.data.manifest import SPLITS, Manifest
from atalho.data.manifest_record import ImagesChanged, ImagesMoved, ManifestRecord
from atalho.entries import entries
from atalho.json_values import JsonObject, JsonValue
from atalho.report import figure_data
from atalho.report.drawing import NetworkToDraw, draw
from atalho.report.figure import Drawing, figure
from atalho.report.markup import Html, el
from atalho.report.parts import class_counts, lead, pairs, section
from atalho.storage.run_file import HEAD
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import task_of
from atalho.text import LANGUAGES, N_, _, ngettext, speaking
from atalho.text.numbers import duration, number, whole

IMBALANCED: Final = 3.0  # largest over smallest class from which a reader should know
_CHANGED: Final = N_(
    "the images changed after step {step}: {added} added, {removed} removed; epoch {epoch} restarts "
    "with the images as they are now"
)
_LEAKED: Final = N_("{text}. {count} images used in training are now held out: accuracy on them is inflated")
_NAMES_SHOWN: Final = 12  # of classes or images in one remark
_SPLITS: Final = {"train": N_("training"), "val": N_("validation"), "test": N_("test")}
_FIELDS: Final = {
    "command": N_("command"),
    "atalho": N_("Atalho's version"),
    "seed": N_("seed"),
    "seeds": N_("seeds"),
    "start": N_("weights to start from"),
    "started": N_("started"),
    "longer": N_("trained longer"),
    "finished": N_("ended"),
    "seconds": N_("measurement time (seconds)"),
    "precision": N_("precision"),
    "threads": N_("threads"),
    "machine": N_("machine"),
    "versions": N_("versions"),
    "device": N_("device"),
    "fingerprint": N_("fingerprint for exact resume"),
    "measured_in": N_("measured in"),
    "config": N_("run.toml (SHA-256)"),
    "asked": N_("settings asked for (hash)"),
    "commit": N_("commit"),
    "changed": N_("uncommitted changes"),
}
_WITHIN: Final = {
    "processor": N_("processor"),
    "cores": N_("cores"),
    "memory_gb": N_("memory (GB)"),
    "system": N_("system"),
    "gpu": N_("GPU"),
    "threads": N_("threads"),
    "precision": N_("precision"),
    "instructions": N_("instruction set"),
    "ranks": N_("processes"),
}
"""What stands within a machine or a fingerprint; the other names, such as those of libraries, are in no language."""


def data(run: RunFolder) -> Html | None:
    """How many images of each class each split has, and what was decided about them."""
    record, page = run.manifest, task_of(run.task).page
    if record is None:
        return None
    manifest = record.manifest
    counts = {name: manifest.counts(name).tolist() for name in SPLITS if len(manifest.splits.get(name, ()))}
    notes = [
        *map(str, manifest.notes),
        *(_balance(manifest, counts) if page.balance else ()),
        *_remarks(record),
    ]
    titled = {_(_SPLITS[name]): per_class for name, per_class in counts.items()}
    return section("data", _("Data"), class_counts(page.one, manifest.classes, titled, notes))


def _balance(manifest: Manifest, counts: Mapping[str, list[int]]) -> Iterator[str]:
    """What a reader should know of the classes: imbalance, and which are missing in a split."""
    train = counts.get("train", [])
    if train and min(train) > 0 and max(train) / min(train) >= IMBALANCED:
        ratio = number(max(train) / min(train), 1)
        yield _(
            "The classes are imbalanced: the largest has {ratio} times as many training images as the smallest."
        ).format(ratio=ratio)
    for split, per_class in counts.items():
        missing = [name for name, count in zip(manifest.classes, per_class, strict=True) if count == 0]
        if missing:
            yield _("Classes without images in {split}: {names}.").format(
                split=_(_SPLITS[split]), names=_listed(missing)
            )


def _remarks(record: ManifestRecord) -> Iterator[str]:
    """What happened to the images: changes while the run was stopped, and those that were skipped."""
    for change in record.changes:
        yield change_told(change)
    left_out = record.duplicates.left_out if record.duplicates is not None else None
    if left_out is not None:
        yield left_out_told(left_out) + ": " + _listed([record.manifest.names[number] for number in left_out.ids])
    if record.skipped:
        yield _("Unreadable images skipped: {n}.").format(n=whole(len(record.skipped)))
    for path, reason in record.skipped[:_NAMES_SHOWN]:
        yield f"{path}: {reason}"


def change_told(change: ImagesMoved | ImagesChanged) -> str:
    """That the images moved, or that they changed while the run was stopped."""
    if isinstance(change, ImagesMoved):
        return _("the images are now at {path}").format(path=change.moved)
    numbers = {name: whole(getattr(change, name)) for name in ("step", "added", "removed")}
    text = _(_CHANGED).format(**numbers, epoch=change.epoch + 1)
    return _(_LEAKED).format(text=text, count=whole(change.leaked)) if change.leaked else text


def left_out_told(left_out: LeftOut) -> str:
    """How many images `data.fix_leaks` took out of which split."""
    parts = ", ".join(f"{split} {whole(len(ids))}" for split, ids in left_out.images.items())
    text = ngettext(
        "--fix-leaks: {count} image left out ({parts}), because another split has a copy of it",
        "--fix-leaks: {count} images left out ({parts}), because another split has copies of them",
        left_out.count,
    )
    return text.format(count=whole(left_out.count), parts=parts)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    rest = len(names) - _NAMES_SHOWN
    return shown if rest <= 0 else _("{names} and {n} more").format(names=shown, n=whole(rest))


def architecture(run: RunFolder) -> Html | None:
    """The network, drawn."""
    if run.network is None:
        return None
    planned = run.network.spec.plan()
    columns = 2 if len(planned.stages()) > 1 else 1
    networks = [NetworkToDraw(planned, run.model, run.network.preprocessing.size)]
    told = _(
        "Read it from top to bottom: each box is a layer, and a line around boxes is a shortcut. Solid lines leave x "
        "as it is; dashed or dotted ones change its shape."
    )
    drawing = Drawing("network", draw(networks, columns=columns), figure_data.of_networks(networks))
    return section("network", _("Network"), figure("", drawing, told, kind="wide-drawing"))


def cost(run: RunFolder) -> Html | None:
    """Time in all and epoch by epoch."""
    timing = run.timing
    if timing is None:
        return None
    facts = [(_("training time"), duration(timing.seconds))]
    if timing.epochs:
        typical = sorted(row.seconds for row in timing.epochs)[len(timing.epochs) // 2]
        facts += [
            (_("first epoch"), duration(timing.epochs[0].seconds)),
            (_("median epoch"), duration(typical)),
        ]
    if run.cost.multiply_adds is not None:
        facts.append((_("multiply–adds per image"), whole(run.cost.multiply_adds)))
    if timing.images_per_second is not None:
        facts.append((_("training images per second"), whole(timing.images_per_second)))
    return section("cost", _("Cost"), pairs(facts))


def configuration(run: RunFolder) -> Html:
    """The complete run.toml, explained in the language in force: the run can be repeated with it."""
    words = [_("Everything that determines the result. Repeat the run with: atalho train --config run.toml")]
    for change in (run.provenance.longer if run.provenance is not None else None) or ():
        text = _("After step {step} the run got another length: --resume with --epochs {epochs}.")
        words.append(text.format(step=whole(change.step), epochs=whole(change.epochs)))
    content = el("pre", el("code", _explained(run.configuration)), tabindex="0")
    return section("configuration", _("Configuration"), lead(*words), content)


def _explained(written: str) -> str:
    """run.toml, which explains its values in the language of the run, with the same comments in that in force."""
    meanings: dict[str, str] = {}
    for code in LANGUAGES:
        with speaking(code):
            meanings |= {_(text): text for text in (HEAD, *(entry.meaning for entry in entries()))}
    lines = []
    for line in written.split("\n"):
        before, mark, comment = line.rpartition("# ")
        lines.append(f"{before}{mark}{_(meanings[comment])}" if comment in meanings else line)
    return "\n".join(lines)


def provenance(run: RunFolder) -> Html | None:
    """Command, seed, versions and machine."""
    if run.provenance is None:
        return None
    return section("provenance", _("Provenance"), provenance_list(run.provenance.to_dict()))


def provenance_list(record: JsonObject) -> Html:
    """What a record of provenance holds, the known fields first."""
    told = [name for name in record if name != "cost" and record[name] != []]
    known = [name for name in _FIELDS if name in told]
    others = [name for name in told if name not in _FIELDS]
    titles = {name: _(_FIELDS[name]) if name in _FIELDS else name for name in known + others}
    return pairs([(title, _flat(record[name], name)) for name, title in titles.items()], "pairs long")


def _flat(value: JsonValue, name: str = "") -> str:
    """A value of JSON on one line: nested names before their values."""
    if isinstance(value, Mapping):
        titles = {inner: _(_WITHIN[inner]) if inner in _WITHIN else inner for inner in value}
        return " · ".join(f"{title} {_flat(value[inner], inner)}" for inner, title in titles.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_flat(inner) for inner in value)
    if name == "precision" and isinstance(value, str):
        value = value.partition(" (")[0]  # the reason behind it is in the language of the run
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return number(value, len(repr(value).partition(".")[2]))
    return "–" if value is None else str(value)
