"""Nothing is kept as a pickle, read as one, or left to MLflow to run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from zoo import tracking
from zoo.errors import RegistryError

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "platform",
    "pipelines",
    "benchmarks",
    "tests",
    "deploy",
    "docs",
    "findings",
    "identities",
)
OURS = [path for name in ("platform", "pipelines") for path in (ROOT / name).rglob("*.py")]
PICKLING = {
    "pickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "joblib",
    "shelve",
    "marshal",
    "pickletools",
}
SAFE = {  # with what each reader of several formats is told to keep to data
    "np.load": ("allow_pickle", (False, None)),  # NumPy's default is False
    "torch.load": ("weights_only", (True,)),
}
RUNNING = {"torch.save", "mlflow.pyfunc", "log_model", "load_model", "yaml.unsafe_load"}


def files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for name in FOLDERS:
        yield from (path for path in (ROOT / name).rglob("*") if path.is_file())


def nodes(path: Path) -> Iterator[ast.Import | ast.ImportFrom | ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            yield node


def is_pickle(data: bytes) -> bool:
    """A pickle of protocol 2 or later, or PyTorch's archive of one."""
    return (data[:1] == b"\x80" and 2 <= data[1] <= 5 and data[-1:] == b".") or (
        data[:4] == b"PK\3\4" and b"data.pkl" in data
    )


def test_no_file_of_the_project_is_a_pickle() -> None:
    seen = [path for path in files() if "__pycache__" not in path.parts]
    assert len(seen) > 600
    assert not [path for path in seen if is_pickle(path.read_bytes())]
    assert is_pickle(b"\x80\x04]\x94.") and is_pickle(b"PK\3\4 a/data.pkl")


def test_no_module_reads_or_writes_pickles() -> None:
    for path, node in ((one, node) for one in OURS for node in nodes(one)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
        assert not PICKLING & set(names), f"{path}:{node.lineno}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert not any(called.endswith(name) for name in RUNNING), f"{path}:{node.lineno}"
            if called in SAFE:
                option, safe = SAFE[called]
                given = {word.arg: ast.literal_eval(word.value) for word in node.keywords
                         if word.arg == option}  # fmt: skip
                assert given.get(option) in safe, f"{path}:{node.lineno}"


def test_mlflow_may_not_unpickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
    with pytest.raises(RegistryError, match="No registry"):
        tracking.connect(f"sqlite:///{tmp_path}/none.db")
    from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION

    assert MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get() is False  # type: ignore[no-untyped-call]
