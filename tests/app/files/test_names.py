"""Names of files that can be shown without fooling anybody."""

import pytest

from app.files.names import LONGEST, shown


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.md", "notes.md"),
        ("/home/me/.ssh/id_rsa", "id_rsa"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("../../etc/passwd", "passwd"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\u200bb\0c\nd\x1b[31m", "abcd[31m"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("报告.pdf", "报告.pdf"),
        ("", "file"),
        ("///", "file"),
        (" \u2066\u2069 ", "file"),
    ],
)
def test_a_name_keeps_what_can_be_shown(name: str, safe: str) -> None:
    assert shown(name) == safe


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    name = shown("x" * 500 + ".tar.gz")

    assert len(name) == LONGEST
    assert name.endswith(".tar.gz")
    assert "…" in name
