"""Exhibits read as the page reads them."""

import base64
import io

import numpy as np
from PIL import Image

from fossilvit.pages.atlas import packing
from fossilvit.store import layout


def shape(positions, faces, step=1.0):
    """The points, float64 [V, 3], and the triangles, int64 [F, 3], of a coded mesh."""
    points = np.cumsum(positions.reshape(3, -1).T.astype(np.float64), axis=0) * step
    following, corners = 0, []
    for code in faces.tolist():
        corners.append(following - code if code else following)
        following += not code
    return points, np.array(corners, np.int64).reshape(-1, 3)


def picture(webp):
    """The picture in bytes of WebP."""
    image = Image.open(io.BytesIO(bytes(webp)))
    assert image.format == "WEBP"
    return image


def read(folder, identity):
    """The thumbnail of a specimen as a picture, and its unpacked exhibit."""
    thumbnail, exhibit, rest = layout.exhibit_path(folder, identity).read_text().split("\n")
    assert not rest
    return picture(base64.b64decode(thumbnail)), packing.unpack(exhibit)
