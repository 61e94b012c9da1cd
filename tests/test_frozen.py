"""Files that older versions wrote are read for ever, and hold what they held."""

from __future__ import annotations

import json
from pathlib import Path

import frozen_files
import pytest

from acortex.isa import container
from acortex.traces.file.schema import VERSION

CONTENTS = json.loads(frozen_files.CONTENTS.read_text())


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_of_an_older_version_holds_what_it_held(name: str) -> None:
    assert frozen_files.content(frozen_files.FOLDER / name) == CONTENTS[name]


@pytest.mark.parametrize("name", [name for name in CONTENTS if name.endswith(".acx")])
def test_a_program_of_an_older_version_is_written_anew_without_loss(name: str, tmp_path: Path) -> None:
    path = tmp_path / "again.acx"
    container.save(container.load(frozen_files.FOLDER / name), path)
    assert frozen_files.content(path) == CONTENTS[name]


def test_the_formats_of_now_have_files() -> None:
    assert set(frozen_files.files_now()) <= set(CONTENTS)


def test_every_frozen_file_has_its_content_beside_it() -> None:
    found = {
        path.relative_to(frozen_files.FOLDER).as_posix()
        for suffix in ("*.acx", "*.actrace")
        for path in frozen_files.FOLDER.rglob(suffix)
    }
    assert found == set(CONTENTS)


def test_no_format_between_the_first_frozen_one_and_that_of_now_is_left_out() -> None:
    for kind, now in (("program", container.FORMAT), ("trace", VERSION)):
        formats = {int(name.split("/")[0].removeprefix(f"{kind}-")) for name in CONTENTS if name.startswith(kind)}
        assert formats == set(range(min(formats), now + 1))
