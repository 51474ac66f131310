"""How often each class was taken for each. Of many classes almost no pair occurs, so only those are kept. No torch."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Self, overload

import numpy as np
from numpy.typing import NDArray

from atalho.stored import own_form

WHOLE_UP_TO: Final = 1000
"""Classes up to which a file holds every count, in rows; of more it holds those that are not zero."""

_PRINTED: Final = 30
"""Classes up to which the counts are printed."""


class Confusion(Sequence[tuple[int, ...]]):
    """A row for each true class, with the count of each predicted class: `confusion[true][predicted]`."""

    def __init__(self, classes: int, cells: Iterable[Sequence[int]]) -> None:
        self._classes = classes
        self._rows: dict[int, dict[int, int]] = {}
        for true, predicted, count in sorted(map(tuple, cells)):
            if not (0 <= true < classes and 0 <= predicted < classes):
                raise ValueError(f"class {max(true, predicted)} of {classes}")
            self._rows.setdefault(true, {})[predicted] = count

    @classmethod
    def of(cls, predicted: NDArray[np.int64], labels: NDArray[np.int64], classes: int) -> Self:
        """Of images with `labels` (N,) that were taken for `predicted` (N,)."""
        pairs, counts = np.unique(labels * classes + predicted, return_counts=True)
        cells = ((*divmod(pair, classes), count) for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True))
        return cls(classes, cells)

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[int]]) -> Self:
        """With every count of K rows (K, K)."""
        return cls(
            len(rows),
            ((true, taken, count) for true, row in enumerate(rows) for taken, count in enumerate(row) if count),
        )

    def cells(self) -> Iterator[tuple[int, int, int]]:
        """(true, predicted, count) of every pair that occurs, in order."""
        return ((true, taken, count) for true, row in self._rows.items() for taken, count in row.items())

    def counts(self, most: int) -> NDArray[np.float64]:
        """(K, K), or of more than `most` classes fewer rows and columns, each the sum of neighbours."""
        together = -(-self._classes // most)
        side = -(-self._classes // together)
        summed = np.zeros((side, side))
        for true, taken, count in self.cells():
            summed[true // together, taken // together] += count
        return summed

    def __len__(self) -> int:
        return self._classes

    @overload
    def __getitem__(self, place: int) -> tuple[int, ...]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[int, ...], ...]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return tuple(self[number] for number in range(*place.indices(self._classes)))
        true = range(self._classes)[place]
        row = [0] * self._classes
        for taken, count in self._rows.get(true, {}).items():
            row[taken] = count
        return tuple(row)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Every count (K, K), for NumPy."""
        counts = np.zeros((self._classes, self._classes), dtype=np.int64 if dtype is None else dtype)
        for true, taken, count in self.cells():
            counts[true, taken] = count
        return counts

    def __repr__(self) -> str:
        if self._classes > _PRINTED:
            return f"Confusion({self._classes} × {self._classes})"
        return f"Confusion({[list(row) for row in self]})"

    def _repr_html_(self) -> str:
        if self._classes > _PRINTED:
            return repr(self)
        rows = ("".join(f"<td>{count}</td>" for count in row) for row in self)
        return f"<table>{''.join(f'<tr>{cells}</tr>' for cells in rows)}</table>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Confusion):
            return self._classes == other._classes and self._rows == other._rows
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash((self._classes, tuple(self.cells())))


def _to_json(confusion: Confusion) -> Any:
    if len(confusion) <= WHOLE_UP_TO:
        return [list(row) for row in confusion]
    return {"classes": len(confusion), "cells": [list(cell) for cell in confusion.cells()]}


def _from_json(plain: Any) -> Confusion:
    try:
        if isinstance(plain, dict):
            return Confusion(int(plain["classes"]), plain["cells"])
        return Confusion.of_rows(plain)
    except ValueError as error:
        raise TypeError(str(error)) from error


own_form(Confusion, _to_json, _from_json)
