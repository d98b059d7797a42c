"""Small files that nobody has signed yet."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from zoo.provenance.credentials.marking import Marking

MARK = Marking("ada", "3", "ab" * 32, "synthetic")


def encoded(kind: str = "JPEG", seed: int = 0) -> bytes:
    """A picture of coloured squares, 64 px."""
    squares = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(squares.repeat(8, 0).repeat(8, 1)).save(file, kind)
    return file.getvalue()


@pytest.fixture
def own_chain(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of someone who has one: chain and key, P-384, made by openssl."""
    folder = tmp_path / "own"
    folder.mkdir()
    script = """
    openssl ecparam -name secp384r1 -genkey -noout -out root.key
    openssl req -x509 -new -key root.key -sha384 -days 30 -subj "/O=Example Trust/CN=root" \
        -addext keyUsage=critical,keyCertSign,cRLSign -out root.pem
    openssl ecparam -name secp384r1 -genkey -noout -out leaf.ec
    openssl pkcs8 -topk8 -nocrypt -in leaf.ec -out key.pem
    openssl req -new -key key.pem -subj "/O=Example Studio/CN=signer" -out leaf.csr
    printf '%s\\n' basicConstraints=critical,CA:false keyUsage=critical,digitalSignature \
        extendedKeyUsage=emailProtection subjectKeyIdentifier=hash authorityKeyIdentifier=keyid \
        > leaf.ext
    openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key -sha384 -days 20 \
        -extfile leaf.ext -out leaf.pem
    cat leaf.pem root.pem > chain.pem
    """
    subprocess.run(["bash", "-ec", script], cwd=folder, check=True, capture_output=True)
    return folder / "chain.pem", folder / "key.pem"
