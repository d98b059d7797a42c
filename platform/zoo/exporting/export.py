"""A registered network written as a file for other programs."""

from pathlib import Path

from zoo.errors import AssetError, UsageError
from zoo.exporting.formats import Format, Terms
from zoo.provenance.credentials.marking import Marking
from zoo.storage import atomic_file
from zoo.swapping.network_files.inspection import inspect_network


def export(network: Path, terms: Terms, form: Format, target: Path) -> None:
    """Writes ``network`` to ``target``, whole or not at all, with its terms in it.

    Args:
        network: a network file of ours; inspected first.
        terms: what the file is to say of itself.
        form: ``dfm`` for DeepFaceLive and facefusion (:mod:`.dfm`), ``onnx`` as it is, from
            aligned face to aligned face, ``safetensors`` for the weights alone (:mod:`.layers`).
        target: the file.

    Raises:
        AssetError: the network is missing, damaged, someone else's, or cannot be exported.
        UsageError: the package ``onnx`` is not installed.
        StorageError: no permission or no space.
    """
    mark = Marking(terms.identity, str(terms.version), terms.sha256, terms.basis)
    encoded = inspect_network(network, mark).encoded
    try:
        import onnx
        from onnx import helper

        from zoo.exporting.dfm import dfm
        from zoo.exporting.layers import layers
    except ImportError as error:
        raise UsageError(
            f"Exporting needs {error.name}, which is not installed here; install it with: "
            "pip install 'faceswap-zoo[export]'"
        ) from error
    model = onnx.load_from_string(encoded)
    metadata = {**{one.key: one.value for one in model.metadata_props}, **terms.metadata()}
    if form is Format.safetensors:
        from safetensors.numpy import save

        unnamed = f"{network} does not name its weights as ours do; train {terms.identity} again."
        try:
            weights = layers(model)
        except (KeyError, ValueError, RecursionError) as error:
            raise AssetError(unnamed) from error
        if not weights:
            raise AssetError(unnamed)
        content = save(weights, metadata)
    elif form is Format.dfm:
        content = dfm(model, metadata).SerializeToString()
    else:
        helper.set_model_props(model, metadata)
        model.doc_string = metadata["notice"]
        content = model.SerializeToString()
    with atomic_file(target) as temporary:
        temporary.write_bytes(content)
