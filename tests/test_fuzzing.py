"""What others made, with faults in it: each reader answers or says what is wrong.

A few inputs, the same each time; ``make fuzz`` goes on by chance (``benchmarks/fuzz.py``).
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readers import READERS

EXAMPLES = {"photos": 30, "videos": 10, "manifests": 15}
"""How many of each; 25 of those that are not here."""


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_answers_or_says_what_is_wrong(name: str, tmp_path: Path) -> None:
    reader = READERS[name]()
    count = 0

    @settings(
        max_examples=EXAMPLES.get(name, 25),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def each(data: st.DataObject) -> None:
        nonlocal count
        count += 1
        read(data.draw(reader.inputs))

    def read(one: Any) -> None:
        try:
            reader.read(one, tmp_path)
        except reader.allowed as error:
            assert str(error)

    for one in reader.each:
        read(one)
    each()
    assert count >= 10
