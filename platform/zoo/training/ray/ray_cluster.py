"""What Ray's errors mean for a training."""

from zoo.errors import StorageError, ZooError


def reason(error: Exception) -> str:
    """One line for people: what ended a training."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ZooError):
        return str(cause)
    if cause is not None:
        words = str(cause).strip().splitlines()
        return f"{type(cause).__name__}: {words[0] if words else 'no message'}"
    kind = type(error).__name__
    return {
        "ActorDiedError": "its process or machine died (killed, or out of memory)",
        "ActorUnavailableError": "its machine cannot be reached",
        "NodeDiedError": "its machine is gone",
        "OutOfMemoryError": "its machine ran out of memory; raise fanout.cpus_per_job, so that "
        "fewer train side by side",
    }.get(kind, f"{kind}: {(str(error).strip().splitlines() or ['no message'])[0]}")


def is_final(error: Exception) -> bool:
    """Whether a retry is useless: our own errors, except storage outages."""
    cause = getattr(error, "cause", None)
    return isinstance(cause, ZooError) and not isinstance(cause, StorageError)
