"""The networks that a segment's faces get."""

import pytest

from zoo.swapping.video.assignment.identity_assignment import Assignment
from zoo.swapping.video.assignment.roles import NOBODY, Roles


@pytest.mark.parametrize(
    ("people", "rest", "used"),
    [
        ({4: [(0, 7)]}, 0, {1}),  # the only person has a network of their own
        ({4: [(0, 7), (9, 8)]}, 0, {0, 1}),  # from frame 9 on somebody else
        ({4: [(0, 7)], 5: [(0, NOBODY)]}, 0, {0, 1}),
        ({4: [(0, 7)], 5: []}, 0, {0, 1}),  # nobody knows who it is
        ({4: [(0, 8)]}, None, set()),
    ],
)
def test_only_networks_of_faces_that_are_there_are_used(
    people: dict[int, list[tuple[int, int]]], rest: int | None, used: set[int]
) -> None:
    roles = Roles(people, {7: 1}, rest)
    assert roles.used == used
    assert Assignment({0: roles, 1: Roles({}, {7: 1}, rest)}).networks == used
