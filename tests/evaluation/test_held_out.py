from pathlib import Path

import numpy as np
import pytest

from zoo.errors import PhotoError
from zoo.evaluation.held_out import (
    HeldOut,
    Seeds,
    choose_apart,
    read_held_out,
    true_swap,
    write_held_out,
)
from zoo.people import SKIN, random_person, random_scene, render


def test_an_added_name_displaces_one_held_out_name_at_most() -> None:
    names = [f"{number}.jpg" for number in range(50)]
    before = choose_apart(names, 10)
    assert choose_apart(reversed(names), 10) == before
    for added in (f"new-{number}.jpg" for number in range(30)):
        assert len(set(before) - set(choose_apart([*names, added], 10))) <= 1


def test_the_list_reads_back_as_it_was_written(tmp_path: Path) -> None:
    seeds = Seeds(person=3, scene=3001, max_yaw=35)
    held_out = [HeldOut(name="a", photo="a.png", rendered=seeds), HeldOut(name="b", photo="/b.jpg")]
    write_held_out(tmp_path / "held_out.json", held_out)
    assert read_held_out(tmp_path / "held_out.json") == held_out


@pytest.mark.parametrize("text", [None, "", "{}", '[{"name": 3}]', "[\xff"])
def test_a_damaged_list_is_one_sentence(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "held_out.json"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    with pytest.raises(PhotoError, match=r"held_out\.json is missing or damaged"):
        read_held_out(path)


def test_the_true_swap_changes_the_face_and_leaves_background_and_clothes() -> None:
    seeds = Seeds(person=3, scene=7, max_yaw=20)
    photo = render(random_person(3), random_scene(7, max_yaw=20), 96)
    truth = true_swap(seeds, "ada", 96)
    changed = np.abs(photo.image.astype(int) - truth.image.astype(int)).max(axis=2)
    skin = (photo.labels == SKIN) & (truth.labels == SKIN)
    background = (photo.labels == 0) & (truth.labels == 0)
    assert np.median(changed[skin]) > 10
    assert np.median(changed[background]) == 0
