"""A lease: one process at a time changes an identity's versions and aliases, on any machine.

MLflow has no transactions over several calls: two processes could each miss the other's version, or
compare their own with a champion that the other replaces. But if two create a registered model of
the same name, every store refuses one. So a process that changes ``ada`` holds a registered model
``ada.lease``, a name that no identity can have.
"""

import json
import os
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoo.errors import RegistryError
from zoo.registry.promotion.alias_history import who
from zoo.untrusted import parse_json

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

SUFFIX = ".lease"
_HOLDER = "holder"
WAIT_SECONDS = 60.0
"""Seconds that one and the same lease may be seen before its holder counts as dead; what is done
under a lease takes less than one."""


def is_lease(name: str) -> bool:
    """Whether a registered model is a lease and no identity."""
    return name.endswith(SUFFIX)


@contextmanager
def lease(client: "MlflowClient", name: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Holds the lock of ``name`` until the block ends; waits for it first.

    Raises:
        RegistryError: others held it all the time.
    """
    from mlflow.exceptions import MlflowException

    model = name + SUFFIX
    mine = json.dumps({"who": who(), "process": os.getpid(), "token": uuid.uuid4().hex})
    _take(client, model, mine, wait_seconds)
    try:
        yield
    finally:
        try:
            if _holder(client, model) == mine:
                client.delete_registered_model(model)
        except MlflowException:  # it expires; what was done under it is done
            pass


def _take(client: "MlflowClient", model: str, mine: str, wait_seconds: float) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import (
        RESOURCE_ALREADY_EXISTS,
        RESOURCE_DOES_NOT_EXIST,
        ErrorCode,
    )

    # The second: it was taken, and given back while MLflow looked up what stood in the way.
    taken = {ErrorCode.Name(code) for code in (RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST)}
    seen, since = None, time.monotonic()
    deadline = since + 10 * wait_seconds
    while time.monotonic() < deadline:
        try:
            client.create_registered_model(model, tags={_HOLDER: mine})
            return
        except MlflowException as error:
            if error.error_code not in taken:
                raise
        holder = _holder(client, model)
        if holder == mine:  # the server created it and its answer was lost
            return
        if holder != seen:
            seen, since = holder, time.monotonic()
        elif holder is not None and time.monotonic() - since > wait_seconds:
            _break(client, model, holder)
        time.sleep(random.uniform(0.02, 0.1))
    raise RegistryError(f"{model.removesuffix(SUFFIX)} is locked by {_words(seen)}; try again.")


def _holder(client: "MlflowClient", model: str) -> str | None:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_registered_model(model).tags.get(_HOLDER, ""))
    except MlflowException:
        return None


def _break(client: "MlflowClient", model: str, holder: str) -> None:
    """Takes a dead holder's lease away; the last look keeps it from taking a newer one."""
    from mlflow.exceptions import MlflowException

    try:
        if _holder(client, model) == holder:
            client.delete_registered_model(model)
    except MlflowException:  # another was quicker
        pass


def _words(holder: str | None) -> str:
    try:
        said = parse_json(holder or "")
        return f"{said['who']} (process {said['process']})"
    except (ValueError, KeyError, TypeError):
        return "somebody"
