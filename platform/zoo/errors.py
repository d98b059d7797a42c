"""Every error that a user can meet, in one tree.

ZooError                     exit code 1
├── UsageError               exit code 2: the command was wrong, nothing was tried
│   ├── SlugError           not a slug
│   ├── UnknownIdentityError no such identity; carries near names
│   ├── BasisError           no recorded basis for using a person's face
│   └── ProjectError         not inside a project, or its params.yaml is wrong
├── PhotoError               a photo, folder or video that cannot be used
│   └── NoFaceError          a readable photo without a usable face
├── AssetError               weights or models missing, damaged or unreachable
├── StorageError             the disk, the permissions or the object store said no
│   ├── MissingObjectError   no such object or bucket in the store
│   ├── DamagedObjectError   an object or file that is not what was put there
│   └── OutageError          the store does not answer now; the same may work later
├── IdentityError            an identity's photos cannot make a network
├── TrainingError            a training job failed
├── SigningError             an output that cannot be signed, or a key that cannot sign
├── ServingError             the server cannot start or run
└── RegistryError            the registry refused or cannot be reached

A message is one sentence that says what was wrong, with which file, and what to do.
The CLI prints it without a traceback and exits with ``exit_code``.
"""


class ZooError(Exception):
    """Base of all errors meant for people."""

    exit_code = 1


class UsageError(ZooError):
    """The command cannot be carried out as written."""

    exit_code = 2


class SlugError(UsageError):
    """A name that is not a slug."""


class UnknownIdentityError(UsageError):
    """An identity, alias or version that does not exist."""


class BasisError(UsageError):
    """An identity without a recorded basis (consent, licence, research, synthetic)."""


class ProjectError(UsageError):
    """Not inside a project, or its configuration is wrong."""


class PhotoError(ZooError):
    """A photo, folder or video that cannot be used."""


class NoFaceError(PhotoError):
    """A readable photo without a usable face."""


class NobodyError(NoFaceError):
    """A photo or video with faces, none of which is of the people that were chosen."""


class AssetError(ZooError):
    """Weights or models that are missing, damaged or unreachable."""


class StorageError(ZooError):
    """The disk, permissions or the object store refused an operation."""


class MissingObjectError(StorageError):
    """An object or bucket that the store does not have."""


class DamagedObjectError(StorageError):
    """An object, or a file on a shared disk, that differs from what was stored."""


class OutageError(StorageError):
    """A store that does not answer at present; a later retry may succeed."""


class IdentityError(ZooError):
    """An identity with photos that cannot be used for training."""


class TrainingError(ZooError):
    """A training job that failed."""


class ClusterError(ZooError):
    """A Ray cluster that cannot be reached, is lost, or has no machine that the work fits on."""


class SigningError(ZooError):
    """An output that cannot be signed, or a key or certificate that cannot sign."""


class ServingError(ZooError):
    """The server cannot start or continue."""


class RegistryError(ZooError):
    """The registry refused, or cannot be reached."""
