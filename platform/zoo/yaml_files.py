"""Reads untrusted YAML as plain data.

Other features of YAML can harm the reader: endless nesting exhausts the stack, a merge of merges
(``<<: [*a, *a]``) doubles at each level, and an invalid date raises an exception of another
library.
"""

from functools import cache
from pathlib import Path
from typing import Any

from zoo.untrusted import read_text

MOST_BYTES = 2**20
_DEEPEST = 50
_MOST_MERGED = 10_000


def read_yaml(path: Path, most: int = MOST_BYTES) -> Any:
    """The content of a YAML file.

    Raises:
        OSError: missing, not readable, no regular file or larger than ``most`` bytes.
        ValueError: it is not UTF-8 or no YAML, or holds what no file of ours does; says where.
    """
    return parse_yaml(read_text(path, most))


def parse_yaml(text: str) -> Any:
    """The content of a YAML text.

    Raises:
        ValueError: see :func:`read_yaml`.
    """
    import yaml

    fast, loader = _loaders()
    try:
        depth = 0
        for event in yaml.parse(text, fast):  # step by step: no depth takes the stack here
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise ValueError("it is nested too deep")
        return yaml.load(text, loader)
    except (yaml.YAMLError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from error


@cache
def _loaders() -> tuple[Any, Any]:
    import yaml

    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built

    class Bounded(fast):  # type: ignore[misc, valid-type]
        """Gives up merges that grow without end."""

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            if len(node.value) > _MOST_MERGED:
                raise yaml.constructor.ConstructorError(
                    None, None, "its merges grow without end", node.start_mark
                )

    return fast, Bounded
