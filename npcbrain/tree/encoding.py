"""The text of a tree file, from its bytes: ``decoded``.

BehaviorTree.CPP reads every file as UTF-8. So does this, except for files that declare one of the
few encodings in which each byte is one character. Invariant: no codec is looked up by a name from
a file.
"""

from __future__ import annotations

import re

from npcbrain.tree.markup import Page, XmlError

__all__ = ["decoded"]

DECLARED = re.compile(rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([^\"'>]{0,80})")
LATIN = [f"iso-8859-{part}" for part in (*range(1, 12), *range(13, 17))]
WINDOWS = [f"windows-{page}" for page in range(1250, 1259)]
# A file whose declaration can be read byte by byte is not UTF-16, even if it says so.
CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii", "utf-16"), "utf-8"),
    **{name: name for name in (*LATIN, *WINDOWS)},
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
}
MARKS = (  # byte order marks; longer ones first, since one begins with another
    (b"\xff\xfe\0\0", ""),
    (b"\0\0\xfe\xff", ""),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
ADVICE = "save the file as UTF-8"


def decoded(data: bytes, file: str) -> str:
    """The text of a file.

    Raises:
        XmlError: It is not text, or in an encoding that is not read here.
    """
    codec = next((codec for mark, codec in MARKS if data.startswith(mark)), None)
    name = "UTF-8"
    if codec is None:
        found = DECLARED.match(data)
        if found is not None:
            name = found[1].decode("ascii", "replace")
        codec = CODECS.get(name.strip().lower().replace("_", "-"))
        if codec is None and found is not None:
            page = Page(file, data[: found.end()].decode("ascii", "replace"))
            what, rule = "encoding", "be UTF-8, or ISO-8859 or windows-125x with their number"
            raise XmlError([page.fault(found.start(1), what, rule, name, ADVICE)])
    elif codec:
        name = codec.removesuffix("-sig").upper()
    if not codec:
        raise XmlError([Page(file, "").fault(0, "file", "be UTF-8 text", "UTF-32", ADVICE)])
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(codec, "replace")
        got = data[error.start : error.start + 1]
        advice = ADVICE
        if codec == "utf-8":
            advice = f'{ADVICE}, or begin it with <?xml version="1.0" encoding="ISO-8859-1"?>'
        fault = Page(file, before).fault(len(before), "file", f"be {name} text", got, advice)
        raise XmlError([fault]) from error
