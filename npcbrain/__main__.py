"""``python -m npcbrain``: the same as the command ``npcbrain``. Floor 5."""

import sys

from npcbrain.cli import main

if __name__ == "__main__":
    sys.exit(main())
