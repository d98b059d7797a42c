"""One digest per identity, that changes with its files and with nothing else."""

import json
from pathlib import Path

from zoo.products.digests import digests
from zoo.products.incremental import remove_gone
from zoo.products.index import INDEX, write_index
from zoo.settings import Project


def index_of(project: Project) -> dict[str, str]:
    with digests(project) as known:
        write_index(project.models, known, project.identities)
    index: dict[str, str] = json.loads((project.models / INDEX).read_text())
    return index


def test_the_index_tells_of_every_file_but_receipts_and_is_written_when_it_changes(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path)
    for folder in (project.models / "ada", project.models / "bruno", project.identities / "ada"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("one")
    (project.models / ".half").mkdir()
    (project.models / ".half" / "file").write_text("one")
    first = index_of(project)
    assert list(first) == ["ada", "bruno"]
    at = (project.models / INDEX).stat().st_mtime_ns
    (project.models / "bruno" / "receipt.json").write_text("{}")
    assert index_of(project) == first
    assert (project.models / INDEX).stat().st_mtime_ns == at
    (project.identities / "ada" / "file").write_text("two")
    second = index_of(project)
    assert second["ada"] != first["ada"] and second["bruno"] == first["bruno"]
    assert remove_gone(project.models, ["ada"]) == ["bruno"]
    assert list(index_of(project)) == ["ada"]
