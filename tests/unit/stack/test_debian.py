"""Which mirrors are asked for packages, read from the machine's own sources in both forms that apt knows."""

from pathlib import Path

import pytest

from services.stack.debian import (
    AptSource,
    machine_sources,
    parse_deb822_sources,
    parse_one_line_sources,
    release_codename,
    source_candidates,
)

DEB822 = """\
# how Debian 12's images write it
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://node.example/node_20.x
Suites: nodistro
Components: main
Signed-By: /usr/share/keyrings/node.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# comments and blank lines

deb http://mirror.example/debian bookworm main contrib # the release
deb [arch=amd64 signed-by=/usr/share/keyrings/docker.gpg] https://docker.example/linux/debian bookworm stable
deb-src http://mirror.example/debian bookworm main
deb [signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example bookworm main
"""

KEYRING = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"


def test_deb822_sources_are_read() -> None:
    """Enabled binary stanzas give one source for each URI and suite, with their key."""
    assert list(parse_deb822_sources(DEB822))[:3] == [
        AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib"), KEYRING),
        AptSource("http://mirror.example/debian", "bookworm-updates", ("main", "contrib"), KEYRING),
        AptSource("http://mirror.example/debian-security", "bookworm-security", ("main",), KEYRING),
    ]
    hosts = {source.uri.split("/")[2] for source in parse_deb822_sources(DEB822)}
    assert hosts == {"mirror.example", "node.example"}


def test_a_key_written_into_the_stanza_is_left_to_apt() -> None:
    """An inline key cannot stand on one line; the source is kept without it."""
    text = (
        "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n"
    )
    assert list(parse_deb822_sources(text)) == [AptSource("http://m.example/debian", "bookworm", ("main",))]


def test_one_line_sources_are_read() -> None:
    """Binary lines are read with their options, whatever stands after a #."""
    assert list(parse_one_line_sources(ONE_LINE)) == [
        AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        AptSource(
            "https://docker.example/linux/debian",
            "bookworm",
            ("stable",),
            "arch=amd64 signed-by=/usr/share/keyrings/docker.gpg",
        ),
        AptSource("https://vendor.example", "bookworm", ("main",), "signed-by=/usr/share/keyrings/vendor.gpg"),
    ]


def test_a_source_is_written_as_it_is_read() -> None:
    """What is written into our sources file reads back as the same source."""
    for source in parse_one_line_sources(ONE_LINE):
        assert list(parse_one_line_sources(str(source))) == [source]


def test_both_forms_are_found_in_apt_s_folder(tmp_path: Path) -> None:
    """`sources.list`, `*.list` and `*.sources` count; files of other names, such as disabled ones, do not."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian bookworm main\n")
    (tmp_path / "sources.list.d/b.list").write_text("deb http://b.example/debian bookworm main\n")
    (tmp_path / "sources.list.d/c.sources").write_text(
        "Types: deb\nURIs: http://c.example/debian\nSuites: bookworm\nComponents: main\n"
    )
    (tmp_path / "sources.list.d/d.list.disabled").write_text("deb http://d.example/debian bookworm main\n")
    assert [source.uri[7] for source in machine_sources(tmp_path)] == ["a", "b", "c"]


def test_an_older_debian_asks_its_mirrors_for_the_newer_suite() -> None:
    """On Debian 12 each mirror of the release is a candidate with trixie, Debian's own before a vendor's."""
    candidates = source_candidates([*parse_one_line_sources(ONE_LINE), *parse_deb822_sources(DEB822)], "bookworm")
    assert [(c[0].uri, c[0].suite, c[0].components) for c in candidates] == [
        ("http://mirror.example/debian", "trixie", ("main",)),
        ("http://mirror.example/debian", "trixie", ("main",)),
        ("https://vendor.example", "trixie", ("main",)),
    ]


@pytest.mark.parametrize("codename", ["trixie", "noble", "resolute"])
def test_a_newer_system_is_asked_for_its_own_suites(codename: str) -> None:
    """Where the system's own suites may have the packages, all of them are used as they are."""
    sources = [
        AptSource("http://m.example/os", codename, ("main", "universe")),
        AptSource("http://m.example/os", f"{codename}-updates", ("main", "universe")),
        AptSource("http://m.example/os", f"{codename}-security", ("main",)),
        AptSource("http://other.example", "anything", ("main",)),
    ]
    assert source_candidates(sources, codename) == [sources[:3]]


def test_no_mirror_no_candidate() -> None:
    """A machine without a mirror of its own system has no candidates."""
    assert source_candidates([AptSource("http://x.example", "nodistro", ("main",))], "bookworm") == []


@pytest.mark.parametrize(
    ("text", "codename"),
    [
        ("ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm"),
        ('ID=ubuntu\nVERSION_CODENAME="noble"\n', "noble"),
        ("ID=arch\n", ""),
    ],
)
def test_the_release_s_name_is_read(text: str, codename: str, tmp_path: Path) -> None:
    """The code name is taken from os-release, quoted or not."""
    (tmp_path / "os-release").write_text(text)
    assert release_codename(tmp_path / "os-release") == codename
    assert release_codename(tmp_path / "missing") == ""
