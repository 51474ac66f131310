"""Which contracts can be tested here."""

from atalho.precision import accelerator

# With a GPU, the GPU itself is tested.
collect_ignore = [] if accelerator() is None else ["test_elsewhere.py"]
