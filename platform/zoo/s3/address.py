"""``s3://BUCKET/KEY``: the address of an object, or of all objects below a prefix."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from zoo.errors import UsageError

SCHEME = "s3://"


def is_s3(text: str) -> bool:
    """Whether ``text`` is an S3 address."""
    return text.startswith(SCHEME)


@dataclass(frozen=True, order=True)
class S3Address:
    """An object, or a prefix; named like a path where it behaves like one."""

    bucket: str
    key: str

    @staticmethod
    def parse(text: str) -> "S3Address":
        """The address that ``text`` spells.

        Raises:
            UsageError: it is none.
        """
        bucket, _, key = text.removeprefix(SCHEME).partition("/")
        if not is_s3(text) or not bucket:
            raise UsageError(f"{text} is not an S3 address; write s3://BUCKET/KEY.")
        return S3Address(bucket, key)

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    def __truediv__(self, name: str) -> "S3Address":
        return S3Address(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    @property
    def is_prefix(self) -> bool:
        """Whether it names a whole bucket, or ends like a folder."""
        return not self.key or self.key.endswith("/")

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.key).suffix
