"""The application while it runs: on a Ray of its own, or on the cluster that ``RAY_ADDRESS`` names.

What runs on a cluster belongs to Ray Serve's controller and would outlive a server that was killed:
an attendant takes it away when the server's machine or process is gone.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import uuid4

import ray
from ray import serve
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayError

from zoo import local_ray
from zoo.cluster.capacity import check_room
from zoo.cluster.joining import connected
from zoo.cluster.tasks import beside_driver
from zoo.distributed.notary import open_notary
from zoo.errors import ServingError, ZooError
from zoo.serving.deployment.application import Beside, LibraryActor, build
from zoo.serving.deployment.gateway import Gateway
from zoo.serving.options import Options

_OBJECT_STORE = 256 * 2**20  # bytes
_QUIET = {"log_level": "ERROR", "enable_access_log": False}
_CONTROLLER = "SERVE_CONTROLLER_ACTOR"
_NAMESPACE = "zoo"
_SECONDS_BETWEEN = 2.0
_CACHE = ("ZOO_CACHE", "ZOO_ASSETS", "XDG_CACHE_HOME", "HOME")


@contextmanager
def running(options: Options) -> Iterator[Gateway]:
    """What asks the application, which is gone after the block.

    Raises:
        ClusterError: the cluster cannot be reached, or has no room for the workers.
        SigningError: the key that signs is not on a machine of the cluster.
        ServingError: Ray or the application does not start.
    """
    with ExitStack() as stack:
        try:
            gateway = _on_cluster(options, stack) if options.cluster else _here(options, stack)
        except ZooError:
            raise
        except Exception as error:  # Ray has no common base for what may go wrong at its start
            reason = (" ".join(str(error).split()) or type(error).__name__)[:300].rstrip(".")
            raise ServingError(f"The server did not start ({reason}); try again.") from error
        yield gateway


def _here(options: Options, stack: ExitStack) -> Gateway:
    folder = os.environ["TMPDIR"]
    stack.callback(local_ray.remove, folder)
    stack.callback(ray.shutdown)
    local_ray.start(folder, num_cpus=1, logging_level="CRITICAL", object_store_memory=_OBJECT_STORE)
    library = _library(options)
    _start_serve()
    return Gateway(_run(build(options, Beside(library)), "worker"), library)


def _on_cluster(options: Options, stack: ExitStack) -> Gateway:
    stack.enter_context(connected())
    each = {"num_cpus": options.threads}
    change = "Lower --threads or --workers"
    check_room(ray, each, workers=options.workers, who="The server's worker", change=change)
    notary = open_notary(ray)
    app = f"zoo-{uuid4().hex[:12]}"
    library = _library(options, name=_library_of(app), namespace=_NAMESPACE)
    names = ray.util.list_named_actors(all_namespaces=True)
    started = all(actor["name"] != _CONTROLLER for actor in names)
    _start_serve()
    attendant: Any = (
        ray.remote(Attendant)
        .options(name=app, namespace=_NAMESPACE, lifetime="detached", num_cpus=0, max_restarts=-1)
        .remote(app, started)
    )
    stack.callback(_take_away, app, started)
    stack.callback(ray.kill, attendant)
    return Gateway(_run(build(options, Beside(library, notary)), app), library)


class Attendant:
    """Takes an application away when nobody is there who would: its library ends with the server.

    Args:
        app: its name.
        started: whether Ray Serve was started for it.
    """

    def __init__(self, app: str, started: bool) -> None:
        threading.Thread(target=self._attend, args=(app, started), daemon=True).start()

    def _attend(self, app: str, started: bool) -> None:
        with suppress(RayError, ValueError):  # an actor that ends, and a name that nobody has
            while True:
                library = ray.get_actor(_library_of(app), _NAMESPACE)
                with suppress(GetTimeoutError, ActorUnavailableError):
                    ray.get(library.ask.remote("is_there"), timeout=60)
                time.sleep(_SECONDS_BETWEEN)
        _take_away(app, started)
        ray.kill(ray.get_runtime_context().current_actor)


def _library_of(app: str) -> str:
    return f"{app}-library"


def _library(options: Options, **named: str) -> Any:
    environment = {name: os.environ[name] for name in _CACHE if name in os.environ}
    return (
        ray.remote(LibraryActor).options(**beside_driver(ray), **named).remote(options, environment)
    )


def _start_serve() -> None:
    # Ray's own proxy waits for ever for headers, and two of its routes ask for no token.
    serve.start(proxy_location="Disabled", logging_config=_QUIET)


def _run(application: serve.Application, name: str) -> Any:
    return serve.run(application, name=name, route_prefix=None, logging_config=_QUIET)


def _take_away(app: str, started: bool) -> None:
    """Ends an application once its workers have answered; and Serve, if nobody else uses it."""
    serve.delete(app)
    if started and not serve.status().applications:
        serve.shutdown()  # type: ignore[no-untyped-call]
