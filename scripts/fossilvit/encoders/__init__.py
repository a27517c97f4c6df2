"""Images -> features.

In: the views of a specimen, uint8 [V, H, W, 3]. Out: float32 [V, D], one row a view.
An encoder is an object with `name`, `dimension` (D) and `encode(images)`.
"""

from fossilvit.errors import UserError


def create(name, image_size=224, device="auto", source="builtin", weights=None):
    """Make the encoder of that name, ready to encode.

    Parameters
    ----------
    name : str
        One of names().
    image_size : int
        Pixels that a vision transformer sees a view at.
    device : auto, cpu or cuda
    source : builtin or hub
        Whose code of the vision transformer runs.
    weights : path or None
        File of weights; None takes those that fetch_weights left in the cache.

    Raises
    ------
    UserError
        Unknown name, missing or wrong weights, no such device.
    """
    if name == "hog":
        from fossilvit.encoders.hog import Hog

        return Hog()
    from fossilvit.encoders import dinov2

    _known(name)
    return dinov2.DinoV2(name, image_size, device, source, weights)


def dimension(name) -> int:
    """D of an encoder, without loading it."""
    from fossilvit.encoders import dinov2, hog

    _known(name)
    return hog.DIMENSION if name == "hog" else dinov2.ARCHITECTURES[name].dimension


def names() -> list[str]:
    """The encoders there are."""
    from fossilvit.encoders import dinov2

    return [*dinov2.ARCHITECTURES, "hog"]


def _known(name):
    if name not in names():
        raise UserError(f"There is no model {name!r}; the models are {', '.join(names())}.")
