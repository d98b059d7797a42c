"""What ``import zoo`` offers, and that it costs nothing before it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zoo

NAMES = sorted(name for name in zoo.__all__ if name != "__version__")


def test_importing_zoo_loads_none_of_its_packages() -> None:
    code = "import sys, zoo; print([name for name in sys.modules if name.startswith('zoo.')])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_the_object_of_the_module_that_defines_it(name: str) -> None:
    value = getattr(zoo, name)
    assert value is getattr(sys.modules[value.__module__], name)
    assert value.__doc__


def test_types_are_known_for_exactly_the_public_names() -> None:
    tree = ast.parse(Path(zoo.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == set(NAMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'swop_file'"):
        _ = zoo.swop_file
