"""MLflow runs: one per training, opened by the driver and continued by retries.

The receipt's digest, a tag of the run, identifies the training of a run: the next driver with the
same inputs continues an unfinished run.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from zoo.errors import RegistryError
from zoo.settings import without_password
from zoo.tracking import connect, experiment_id, plain_registry_errors

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from zoo.training.loop.checkpoint import Row

T = TypeVar("T")

SEND_SECONDS = 5.0
"""Between two sendings of one run's curves."""
QUIET_SECONDS = 15.0
"""After a failure, before curves are sent again."""
RETRY_SECONDS = 600.0
"""How long a run that must begin or end waits for a server that is away."""
_LARGEST_BATCH = 1000


@dataclass
class _Run:
    id: str
    sent: set[int]
    """Iterations whose losses MLflow has."""
    unsent: "list[Row]" = field(default_factory=list)
    last: float = float("-inf")


class Runs:
    """The runs of one stage.

    Args:
        uri: the MLflow store.
        parameters: of every run.
        say: called with a sentence when the store is away, and when it is back.
    """

    def __init__(self, uri: str, parameters: Mapping[str, Any], say: Callable[[str], None]) -> None:
        self._uri, self._say = uri, say
        self._parameters = {key: str(value) for key, value in parameters.items()}
        self._open: dict[str, _Run] = {}
        self._quiet_until = float("-inf")

    def connect(self) -> None:
        """Comes before all else; importing MLflow takes seconds.

        Raises:
            RegistryError: the store cannot be reached.
        """
        self._client: MlflowClient = connect(self._uri, create=True)
        with plain_registry_errors(self._uri):
            self._experiment = experiment_id(self._client, self._uri)
            self._unfinished = _unfinished(self._client, self._experiment)

    def start(
        self, name: str, digest: str, parameters: Mapping[str, Any] = MappingProxyType({})
    ) -> str:
        """The id of the run of this training of ``name``: an unfinished one's, or a new one's.

        Args:
            name: whose training.
            digest: of what the network is made from.
            parameters: of this run, beside those of every run.

        Raises:
            RegistryError: the store has been away for too long.
        """
        if name in self._open:
            return self._open[name].id
        run_id = self._unfinished.get(digest) or self._retried(lambda: self._new(name, digest))
        self._unfinished[digest] = run_id
        steps: set[int] = set()
        self._retried(lambda: steps.update(self._begin(run_id, parameters)))
        self._open[name] = _Run(run_id, steps)
        return run_id

    def log(self, name: str, rows: "Sequence[Row]") -> None:
        """Logs points of the curves, by iteration, now or soon; never fails."""
        run, now = self._open[name], time.monotonic()
        run.unsent += [row for row in rows if int(row["step"]) not in run.sent]
        if now - run.last < SEND_SECONDS or now < self._quiet_until:
            return
        run.last = now
        try:
            self._send(run)
        except RegistryError:
            self._quiet_until = now + QUIET_SECONDS

    def finish(self, name: str, curves: "Sequence[Row]") -> None:
        """Ends a run that went well, with every point of its curves.

        Raises:
            RegistryError: the store has been away for too long.
        """
        run = self._open[name]
        run.unsent = [row for row in curves if int(row["step"]) not in run.sent]
        self._end(name, "FINISHED")

    def fail(self, name: str) -> None:
        """Ends a run that went wrong; the same training, tried again, continues it.

        Raises:
            RegistryError: the store has been away for too long.
        """
        if name in self._open:
            self._end(name, "FAILED")

    def close(self, run_id: str) -> None:
        """Ends the run of a finished network, if a killed driver left it open.

        Raises:
            RegistryError: the store has been away for too long.
        """
        if run_id in self._unfinished.values():
            self._retried(lambda: self._client.set_terminated(run_id, "FINISHED"))

    def kill(self) -> None:
        """Ends open runs as killed, without waiting for an unavailable store."""
        for name, run in list(self._open.items()):
            try:
                with plain_registry_errors(self._uri):
                    self._send(run)
                    self._client.set_terminated(run.id, "KILLED")
            except RegistryError:
                return
            del self._open[name]

    def _new(self, name: str, digest: str) -> str:
        tags = {"identity": name, "receipt": digest}
        run = self._client.create_run(self._experiment, run_name=name, tags=tags)
        return str(run.info.run_id)

    def _begin(self, run_id: str, own: Mapping[str, Any]) -> set[int]:
        """Marks a run as running, with its parameters; the iterations it has losses of."""
        from mlflow.entities import Param

        run = self._client.get_run(run_id)
        if not run.data.params:
            every = self._parameters | {key: str(value) for key, value in own.items()}
            parameters = [Param(key, value) for key, value in every.items()]
            self._client.log_batch(run_id, params=parameters)
        if run.info.status != "RUNNING":
            self._client.update_run(run_id, status="RUNNING")
        if "loss" not in run.data.metrics:
            return set()
        return {point.step for point in self._client.get_metric_history(run_id, "loss")}

    def _send(self, run: _Run) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        rows = {int(row["step"]): row for row in run.unsent}
        metrics = [
            Metric(f"loss/{key}" if key != "total" else "loss", value, now, step)
            for step, row in rows.items()
            for key, value in row.items()
            if key != "step"
        ]
        with plain_registry_errors(self._uri):
            for start in range(0, len(metrics), _LARGEST_BATCH):
                self._client.log_batch(run.id, metrics[start : start + _LARGEST_BATCH])
        run.sent |= rows.keys()
        run.unsent = []

    def _end(self, name: str, status: Literal["FINISHED", "FAILED"]) -> None:
        run = self._open[name]
        self._retried(lambda: self._send(run))
        self._retried(lambda: self._client.set_terminated(run.id, status))
        del self._open[name]

    def _retried(self, call: Callable[[], T]) -> T:
        """The result of ``call``, with retries."""
        until, wait = time.monotonic() + RETRY_SECONDS, 0.5
        while True:
            try:
                with plain_registry_errors(self._uri):
                    answer = call()
            except RegistryError as error:
                if time.monotonic() + wait > until:
                    raise
                if wait == 0.5:
                    self._say(f"{error} Trying again; trainings continue meanwhile.")
                time.sleep(wait)
                wait = min(10.0, 2 * wait)
            else:
                if wait > 0.5:
                    self._say(f"The registry at {without_password(self._uri)} is available again.")
                return answer


def _unfinished(client: "MlflowClient", experiment: str) -> dict[str, str]:
    """Runs that have not finished, by the digest of their training; of several the newest."""
    found: dict[str, str] = {}
    token = None
    while True:
        page = client.search_runs(
            [experiment],
            "attributes.status != 'FINISHED'",
            max_results=_LARGEST_BATCH,
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        for run in page:
            if digest := run.data.tags.get("receipt"):
                found.setdefault(digest, run.info.run_id)
        token = page.token
        if not token:
            return found
