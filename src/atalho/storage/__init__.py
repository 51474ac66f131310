"""Durable files: atomic writes, checkpoints, model folders, and weights that came from elsewhere."""
