"""`python -m atalho` is the command line, also under torchrun."""

from atalho.cli import main

main()
