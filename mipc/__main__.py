"""``python -m mipc`` is ``mipc``."""

from mipc.cli import main

if __name__ == "__main__":
    main()
