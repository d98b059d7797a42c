from pathlib import Path

from PIL import Image as Pillow

from zoo.registry.publishing.curves import draw_curves, metrics, read_curves


def test_a_term_that_is_not_at_every_point_is_read_and_drawn(tmp_path: Path) -> None:
    table = tmp_path / "curves.csv"
    table.write_text("step,total,validation\n0,3.0,\n10,2.0,2.5\n20,1.5,\n30,1.2,1.4\n")
    rows = read_curves(table)
    assert rows[0] == {"step": 0.0, "total": 3.0}
    assert rows[3] == {"step": 30.0, "total": 1.2, "validation": 1.4}
    logged = {(point.key, point.step): point.value for point in metrics(rows, 0)}
    assert logged[("loss/validation", 30)] == 1.4
    assert ("loss/validation", 20) not in logged
    draw_curves(rows, "ada", tmp_path / "curves.png")
    with Pillow.open(tmp_path / "curves.png") as picture:
        assert picture.width == 760
