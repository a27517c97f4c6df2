"""Renders written as the render stage writes them."""

from fossilvit import store


def write(folder, identity, images, record):
    """The views of a specimen, uint8 [V, H, W, 3], and its record."""
    store.forget_render(folder, identity)
    for view, image in enumerate(images):
        store.write_view(folder, identity, view, image)
    store.write_record(folder, identity, record)
