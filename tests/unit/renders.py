"""Renders written as the render stage writes them."""

from fossilvit.store.renders import forget_render, write_record, write_view


def views(*fills):
    """The facts of upright views that show this share of the specimen."""
    return [{"fill": fill, "up": [0, 0, 1], "mirrored": False} for fill in fills]


def write(folder, identity, images, record):
    """The views of a specimen, uint8 [V, H, W, 3], and its record."""
    forget_render(folder, identity)
    for view, image in enumerate(images):
        write_view(folder, identity, view, image)
    write_record(folder, identity, record)
