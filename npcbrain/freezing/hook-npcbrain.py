"""PyInstaller's hook: the model, the word tables and the licences go with a frozen game.

Read by PyInstaller alone. What npcbrain imports only when it is needed is found by PyInstaller
itself, for it reads the imports within functions too.
"""

from PyInstaller.utils.hooks import collect_data_files, copy_metadata

datas = collect_data_files("npcbrain") + copy_metadata("npcbrain", recursive=True)
