"""``python -m mipc.cli.vnnlib``."""

from mipc.cli.vnnlib import main

main()
