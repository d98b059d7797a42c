"""Nobody else can reach what ``zoo serve`` opens on loopback, and Ray asks for its token there.

Ray Serve binds one port of each replica to all networks by itself.
"""

from tests.listening import grpc_answers, listening, processes_of
from tests.serving.conftest import Server


def test_all_of_it_is_on_loopback(server: Server) -> None:
    found = listening(processes_of(server.process.pid))
    assert int(server.url.rpartition(":")[2]) in {one.port for one in found}
    for program in ("gcs_server", "raylet", "engine", "LibraryActor", "worker"):
        assert any(program in one.program for one in found), program
    assert [one for one in found if not one.loopback] == []


def test_ray_asks_for_its_token(server: Server) -> None:
    found = listening(processes_of(server.process.pid))
    ours = [one for one in found if "ServeReplica" in one.program or "Library" in one.program]
    assert len(ours) == 3  # Ray's own of a worker and of the library, and Ray Serve's of a worker
    answers = [grpc_answers(one.port) for one in ours]
    assert set().union(*answers) == {"UNAUTHENTICATED"}
    assert len([names for names in answers if names]) >= 2
