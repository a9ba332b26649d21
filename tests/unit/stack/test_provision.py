"""Provisioning: once, whole or not at all, and one at a time; tried on bundles that need no network."""

import os
import threading
import time
from pathlib import Path

import pytest

from services.stack.errors import ProvisionError
from services.stack.provision import Bundle, is_provisioned, provision
from services.stack.tools import Tools

WORKS = "#!/bin/sh\nexit 0\n"
DOES_NOT_START = "#!/nowhere/loader\n"


def bundle_of(program: str, built: list[Path] | None = None, *, recipe: str = "1", pause_s: float = 0) -> Bundle:
    """Return a bundle with one program of this text; `built` is told each time it is built."""

    def build(root: Path, final_root: Path) -> None:
        if built is not None:
            built.append(final_root)
        time.sleep(pause_s)
        (root / "program").write_text(program)
        (root / "program").chmod(0o755)

    return Bundle("demo", "a program", recipe, build, (("program",),), remedy="Do something else.")


def quietly(_: str) -> None:
    """Take no notice."""


def test_a_bundle_is_built_once(tmp_path: Path) -> None:
    """The second time there is nothing to do and nothing to say."""
    built: list[Path] = []
    said: list[str] = []
    tools = Tools(tmp_path / "tools")
    for _ in range(2):
        provision(bundle_of(WORKS, built), tools, said.append)
    assert built == [tools.folder / "demo"]
    assert len(said) == 1
    assert sorted(path.name for path in tools.folder.iterdir()) == [".lock", "demo", "demo.stamp"]


def test_another_recipe_is_built_anew(tmp_path: Path) -> None:
    """What this version of the project wants differently is fetched again, and the old is gone."""
    tools = Tools(tmp_path)
    provision(bundle_of(WORKS, recipe="1"), tools, quietly)
    (tmp_path / "demo/old").touch()
    newer = bundle_of(WORKS, recipe="2")
    assert not is_provisioned(newer, tools)
    provision(newer, tools, quietly)
    assert is_provisioned(newer, tools)
    assert not (tmp_path / "demo/old").exists()


def test_a_moved_folder_is_built_anew(tmp_path: Path) -> None:
    """Programs know their libraries by absolute path, so a copy of the project cannot use them."""
    provision(bundle_of(WORKS), Tools(tmp_path / "here"), quietly)
    (tmp_path / "here").rename(tmp_path / "there")
    assert not is_provisioned(bundle_of(WORKS), Tools(tmp_path / "there"))


def test_what_does_not_run_does_not_count(tmp_path: Path) -> None:
    """A program that cannot start here is told with the remedy, and is tried again the next time."""
    tools = Tools(tmp_path)
    with pytest.raises(ProvisionError, match="Do something else"):
        provision(bundle_of(DOES_NOT_START), tools, quietly)
    assert not is_provisioned(bundle_of(DOES_NOT_START), tools)


def test_an_interrupted_build_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    """Ctrl-C in the middle leaves no stamp and no folder."""

    def interrupted(root: Path, final_root: Path) -> None:
        del final_root
        (root / "half").touch()
        raise KeyboardInterrupt

    bundle = Bundle("demo", "a program", "1", interrupted, (), remedy="")
    with pytest.raises(KeyboardInterrupt):
        provision(bundle, Tools(tmp_path), quietly)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_build_left_is_cleared_away(tmp_path: Path) -> None:
    """The next run removes what a killed one could not."""
    left_over = tmp_path / "demo.building.abc"
    left_over.mkdir()
    (left_over / "half").touch()
    provision(bundle_of(WORKS), Tools(tmp_path), quietly)
    assert not left_over.exists()


def test_two_at_once_build_once(tmp_path: Path) -> None:
    """Whoever comes second waits and finds it done."""
    built: list[Path] = []
    bundle = bundle_of(WORKS, built, pause_s=0.2)
    threads = [threading.Thread(target=provision, args=(bundle, Tools(tmp_path), quietly)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The sentence names the folder and the variable that chooses another."""
    (tmp_path / "file").touch()
    with pytest.raises(ProvisionError, match="RIQING_TOOLS_DIR"):
        provision(bundle_of(WORKS), Tools(tmp_path / "file/tools"), quietly)


def test_missing_programs_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for a program that was never fetched tells the command that fetches it."""
    monkeypatch.setenv("RIQING_TOOLS_DIR", str(tmp_path))
    monkeypatch.delenv("RIQING_CHROMIUM", raising=False)
    tools = Tools.here()
    asks = (tools.mosquitto, tools.dynamic_security_plugin, tools.roads_profiles, tools.chromium)
    for ask in (*asks, lambda: tools.postgres_program("postgres"), lambda: tools.roads_program("osrm-routed")):
        with pytest.raises(ProvisionError, match="make setup"):
            ask()


def test_a_named_browser_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RIQING_CHROMIUM goes before all others."""
    browser = tmp_path / "browser"
    browser.touch()
    monkeypatch.setenv("RIQING_CHROMIUM", os.fspath(browser))
    assert Tools(tmp_path).chromium() == browser
