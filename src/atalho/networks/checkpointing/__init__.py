"""Activation checkpointing: activations are computed again in the backward pass instead of being kept."""

from atalho.networks.checkpointing.network import RecomputingNetwork

__all__ = ["RecomputingNetwork"]
