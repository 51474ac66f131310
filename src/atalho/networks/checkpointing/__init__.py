"""Activation checkpointing: activations are recomputed in the backward pass instead of being kept."""

from atalho.networks.checkpointing.network import RecomputingNetwork

__all__ = ["RecomputingNetwork"]
