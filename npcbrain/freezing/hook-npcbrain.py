"""PyInstaller's hook: the model, the word tables and the stock lines go with a frozen game.

Read by PyInstaller alone. What npcbrain imports only when it is needed is found by PyInstaller
itself, for it reads the imports within functions too.
"""

from PyInstaller.utils.hooks import collect_data_files

# The model's folder, and the tables that lie beside the modules; not the starter of `npcbrain new`.
datas = collect_data_files("npcbrain", excludes=["commands/starter", "**/MODEL_CARD.md"])
