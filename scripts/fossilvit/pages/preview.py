"""One specimen -> a sheet that shows how it is seen, before a whole collection is rendered.

In: a Mesh, its Shot and the Settings. Out: Pictures for a contact sheet: every view with the axes of the pose and a
scale, and the whole scan if strays were left out, with these in another color.
"""

import numpy as np
from PIL import Image, ImageDraw

from fossilvit.meshes import Mesh
from fossilvit.pages.contact_sheet import PICTURE, Picture, font
from fossilvit.store import records
from fossilvit.views import cameras, poses, rendering, studio
from fossilvit.views.cameras import Camera
from fossilvit.views.poses import Pose
from fossilvit.views.rendering.projection import projection
from fossilvit.views.studio import Settings, Shot

AXES = {"x": (213, 94, 0), "y": (0, 140, 100), "z": (0, 100, 180)}
"""Colors of the axes of the pose, which color-blind people can tell apart."""
REACH = 0.95
"""Length of an axis as it is drawn, in radii of the specimen."""
BODY, STRAY = (190, 190, 190), (230, 20, 120)
INK = (20, 20, 20)
SCALE = 1 / 4
"""Longest scale, in frame widths at the depth of the center."""
RING = 12
"""Radius of the rings around strays in pixels."""
LINE, LETTERS, NUMBERS = 3, 22, 19
"""Width of lines, and sizes of the names of axes and of the number at a scale, in pixels."""
EDGE = 12
"""Distance of a scale from the edges of its picture in pixels."""


def pictures(mesh: Mesh, shot: Shot, settings: Settings) -> list[Picture]:
    """The pictures of a preview.

    Parameters
    ----------
    mesh : Mesh
        The whole scan.
    shot : Shot
        Its views.
    settings : Settings
    """
    shown, facts = [], []
    for view, image in enumerate(shot.images):
        camera = shot.cameras[view]
        facts.append(studio.view_facts(shot, view, image))
        drawn = _with_scale(_with_axes(image, shot.pose, camera), facts[-1]["pixel"] * len(image))
        kind = "mirror image" if camera.mirrored else "upright" if records.is_upright(facts[-1]) else "z is down"
        shown.append(Picture(np.asarray(drawn), f"view {view:02d}, {kind}", cameras.name(camera)))
    record = {**settings._asdict(), "views": facts, "camera": cameras.facts(shot.pose)}
    if records.has_picture(record):
        image = studio.picture(shot, records.fullest_from_above(record), settings)
        shown.append(Picture(image, "picture in figures", "z of the file is up"))
    if mesh.strays:
        fate = "left out" if settings.strays == "leave_out" else "kept"
        shown.append(Picture(_whole(mesh, settings), "the whole scan", f"{fate}: {mesh.strays.parts} in pink"))
    return shown


def scale(width: float) -> float:
    """Length of the scale in a frame of this width, both in file units: 1, 2 or 5 times a power of ten."""
    longest = width * SCALE
    power = 10.0 ** np.floor(np.log10(longest))
    return float(power * next(step for step in (5, 2, 1) if step * power <= longest * (1 + 1e-9)))


def _with_axes(image: np.ndarray, pose: Pose, camera: Camera) -> Image.Image:
    """A view with the positive halves of the axes of the pose, from the center."""
    small = Image.fromarray(image).resize((PICTURE, PICTURE), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(small)
    ends = pose.center + REACH * pose.radius * pose.rotation
    center, *tips = _places(np.stack([pose.center, *ends]), pose, camera)
    for (name, color), tip in zip(AXES.items(), tips, strict=True):
        pen.line([*center, *tip], color, LINE)
        pen.text(tuple(tip), name, color, font(LETTERS), anchor="mm", stroke_width=LINE, stroke_fill="white")
    return small


def _with_scale(small: Image.Image, width: float) -> Image.Image:
    """A view with a scale at its lower left; its frame is so wide in file units."""
    length = scale(width)
    right, bottom = EDGE + length / width * PICTURE, PICTURE - EDGE
    pen = ImageDraw.Draw(small)
    pen.line([EDGE, bottom, right, bottom], INK, LINE)
    pen.text((EDGE, bottom - 5), f"{length:g}", INK, font(NUMBERS), anchor="ls")
    return small


def _whole(mesh: Mesh, settings: Settings) -> np.ndarray:
    """The whole scan from the first viewpoint, its strays in another color and with rings around them."""
    assert mesh.strays is not None
    colors = np.where(mesh.strays.vertices[:, None], STRAY, BODY).astype(np.uint8)
    painted = mesh._replace(colors=colors, texture=None)
    pose = poses.pose(painted, settings.align)
    camera = Camera(cameras.frames(1)[0], cameras.FOCAL)
    with rendering.renderer("raster", settings.size, "color") as draw:
        image = Image.fromarray(next(draw(painted, pose, [camera]))).resize(
            (PICTURE, PICTURE), Image.Resampling.LANCZOS
        )
    pen = ImageDraw.Draw(image)
    places = _places(mesh.vertices[mesh.strays.vertices], pose, camera)
    for column, row in np.unique((places / RING).round() * RING, axis=0):
        pen.ellipse([column - RING, row - RING, column + RING, row + RING], outline=STRAY, width=2)
    return np.asarray(image)


def _places(points: np.ndarray, pose: Pose, camera: Camera) -> np.ndarray:
    """Columns and rows of points in file units, [N, 3], in a picture, float64 [N, 2]."""
    seen_by = projection(pose, camera, PICTURE)
    right, up, backward = seen_by.matrix @ (points - seen_by.center).T
    depth = seen_by.distance - backward
    columns = seen_by.column + seen_by.focal * right / depth
    columns = PICTURE - 1 - columns if camera.mirrored else columns
    return np.stack([columns, seen_by.row - seen_by.focal * up / depth], axis=1)
