"""A request whose worker died goes to another; one that kills them all is given up."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from ray.exceptions import ActorDiedError, RayTaskError
from ray.serve.exceptions import BackPressureError

from zoo.errors import PhotoError
from zoo.faces.video.tracker import Tracker
from zoo.serving.deployment import gateway
from zoo.serving.deployment.backend import Chosen
from zoo.serving.deployment.gateway import Gateway
from zoo.serving.live_frames import Following, Frame
from zoo.serving.web.problems import BusyError


class Handle:
    """A deployment that answers, raises, or never does either (None), one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.find = self

    def remote(self, *_: Any) -> Any:
        async def answer() -> Any:
            one = self.answers.pop(0)
            if isinstance(one, BaseException):
                raise one
            return one or await asyncio.Event().wait()

        return answer()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_SECONDS_BETWEEN", 0)


def found(*answers: Any) -> Any:
    handle: Any = Handle(*answers)
    return asyncio.run(Gateway(handle, handle).find(b"photo"))


def test_the_successor_of_a_dead_worker_answers() -> None:
    assert found(ActorDiedError(), ActorDiedError(), "faces") == "faces"


def test_the_successor_of_a_worker_that_ends_in_order_answers() -> None:
    unsent = grpc.aio.AioRpcError(
        grpc.StatusCode.CANCELLED, grpc.aio.Metadata(), grpc.aio.Metadata()
    )
    assert found(unsent, asyncio.CancelledError(), "faces") == "faces"


def test_who_has_gone_is_not_asked_for() -> None:
    handle: Any = Handle(None, "faces")

    async def ask_and_go() -> None:
        asked = asyncio.create_task(Gateway(handle, handle).find(b"photo"))
        await asyncio.sleep(0)
        asked.cancel()
        await asked

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask_and_go())
    assert handle.answers == ["faces"]


def test_a_frame_whose_camera_has_gone_is_still_taken_from_the_worker() -> None:
    taken: list[object] = []
    following, frame = Following(Tracker(30.0)), Frame(None, 0.1)

    class Worker:
        def options(self, **_: Any) -> Any:
            self.frame = self
            return self

        async def remote(self, *_: Any) -> AsyncIterator[object]:
            for part in (following, frame):
                await asyncio.sleep(0)
                yield part
                taken.append(part)

    async def film(parts: int) -> list[object]:
        worker: Any = Worker()
        asked = Gateway(worker, worker).frame(b"", Chosen("ada", 1, "", ""), None)
        seen: list[object] = [await anext(asked) for _ in range(parts)]
        await asked.aclose()  # type: ignore[attr-defined]
        while len(taken) < 2:
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(asyncio.wait_for(film(1), 10)) == [following] and taken == [following, frame]
    taken.clear()
    assert asyncio.run(film(2)) == [following, frame]


@pytest.mark.parametrize("whole", [True, False])
def test_a_frame_whose_worker_ends_early_goes_to_another_or_is_given_up(whole: bool) -> None:
    following, frame = Following(Tracker(30.0)), Frame(None, 0.1)
    streams: list[list[object]] = [[following], [following, frame] if whole else [], []]

    class Worker:
        def options(self, **_: Any) -> Any:
            self.frame = self
            return self

        async def remote(self, *_: Any) -> AsyncIterator[object]:
            for part in streams.pop(0):
                yield part

    async def film() -> None:
        worker: Any = Worker()
        async for part in Gateway(worker, worker).frame(b"", Chosen("ada", 1, "", ""), None):
            seen.append(part)

    seen: list[object] = []
    if whole:
        asyncio.run(asyncio.wait_for(film(), 10))
        assert seen == [following, frame]
    else:
        with pytest.raises(BusyError, match="no whole answer"):
            asyncio.run(asyncio.wait_for(film(), 10))
        assert seen == [following]


def test_what_kills_every_worker_is_given_up() -> None:
    with pytest.raises(BusyError, match="died; try again"):
        found(ActorDiedError(), ActorDiedError(), ActorDiedError(), "faces")


def test_what_a_worker_raises_is_not_asked_again() -> None:
    reason = PhotoError("The photo is empty; give a photo.")
    refusal = RayTaskError("find", "", reason)  # type: ignore[no-untyped-call]
    with pytest.raises(PhotoError, match="is empty"):
        found(refusal, "faces")
    with pytest.raises(BusyError, match="queue is full"):
        found(BackPressureError(num_queued_requests=1, max_queued_requests=1), "faces")
