"""Written exchanges: what characters say, sheet by sheet, as a writer put it down.

``reading`` reads sheets, ``checking`` finds what breaks a rule, ``augmenting`` draws as many true
variants of an exchange as training wants. README.md tells how a sheet is written.
"""

from tools.distil.sheets.reading import Sheet, SheetError, read_sheets

__all__ = ["Sheet", "SheetError", "read_sheets"]
