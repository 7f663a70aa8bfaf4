"""``python -m npcbrain``: the same as the command ``npcbrain``."""

import sys

from npcbrain.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
