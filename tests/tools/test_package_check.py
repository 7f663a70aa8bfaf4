"""Promises of ``tools.package_check``: what must not be handed out is told."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools.package_check import (
    ROOT,
    WANTED,
    Unfit,
    check_archives,
    check_version,
    core_requirements,
)

METADATA = """Metadata-Version: 2.4
Requires-Dist: numpy>=1.26
Requires-Dist: nothing; sys_platform == 'none'
Requires-Dist: pygame>=2.6; extra == 'demo'
"""


def project(folder: Path, version: str, release: str, changes: str) -> Path:
    (folder / "npcbrain").mkdir()
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"', encoding="utf-8")
    (folder / "npcbrain" / "version.py").write_text(f'RELEASE = "{release}"\n', encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changes, encoding="utf-8")
    return folder


def archives(folder: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    archive, wheel = folder / "npcbrain-1.0.tar.gz", folder / "npcbrain-1.0-py3-none-any.whl"
    archive.write_bytes(b"")
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("npcbrain-1.0.dist-info/METADATA", METADATA)
        for name in names:
            content.writestr(name, "")
    return archive, wheel


def test_the_versions_and_the_changelog_of_this_checkout_agree() -> None:
    assert check_version(ROOT)


@pytest.mark.parametrize(
    "changes", ["## [Unreleased]\n", "## [Unreleased]\n## [1.0] - 2027-01-31\n"]
)
def test_a_release_and_what_comes_after_it_agree(changes: str, tmp_path: Path) -> None:
    assert check_version(project(tmp_path, "1.0", "1.0", changes)) == "1.0"


@pytest.mark.parametrize(
    ("release", "changes"),
    [("0.9", "## [Unreleased]\n"), ("1.0", "## [0.9] - 2027-01-31\n"), ("1.0", "nothing")],
)
def test_a_version_that_was_forgotten_somewhere_is_told(
    release: str, changes: str, tmp_path: Path
) -> None:
    with pytest.raises(Unfit, match=r"must (say|be) 1\.0"):
        check_version(project(tmp_path, "1.0", release, changes))


def test_a_wheel_that_lacks_its_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match=r"must hold npcbrain/models/hearth/manifest\.json"):
        check_archives(*archives(tmp_path, WANTED[1:]), "1.0")


def test_a_wheel_that_brings_more_than_npcbrain_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="must hold npcbrain alone, got tests"):
        check_archives(*archives(tmp_path, (*WANTED, "tests/test_x.py")), "1.0")


def test_a_wheel_too_large_for_an_index_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.package_check.MAX_BYTES", 10)
    with pytest.raises(Unfit, match="must have at most 10 bytes"):
        check_archives(*archives(tmp_path, WANTED), "1.0")


def test_the_core_is_what_is_needed_here_without_extras(tmp_path: Path) -> None:
    _, wheel = archives(tmp_path, WANTED)
    assert [need.name for need in core_requirements(wheel)] == ["numpy"]
