"""What is wrong with a set of images, found before any training."""

from atalho.data.doctor.problem import KINDS, Kind, Problem, Severity

__all__ = ["KINDS", "Kind", "Problem", "Severity"]
