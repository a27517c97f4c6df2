"""Why a file in the folder of scans is passed over: its name comes in, a kind of file with a reason goes out.

Standard library only: Snakemake reads this at every start.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    """Files that are passed over for the same reason."""

    label: str
    """Their name in a count."""
    reason: str
    """A sentence that gives the reason, and what the user can do, if anything."""
    endings: tuple[str, ...] = ()
    """The ends of their names, in lower case."""


def _kind(label: str, reason: str, endings: str) -> Kind:
    return Kind(label, reason, tuple(endings.split()))


BY_NAME = (
    _kind(
        "volumes",
        "A volume is not read; extract its surface and export that as PLY, OBJ, STL or OFF.",
        ".nii .nii.gz .nrrd .nhdr .mha .mhd .dcm .dicom .ima .vol .raw .vgl .vgi .am .mrc",
    ),
    _kind(
        "other 3D formats",
        "This format is not read; export it as PLY, OBJ, STL or OFF.",
        ".3dm .3ds .3mf .abc .amf .asc .blend .c4d .ctm .dae .drc .dwg .dxf .e57 .fbx .glb .gltf .iges .igs .las .laz"
        " .lwo .ma .max .mb .mesh .msh .nxs .nxz .pcd .prc .pts .ptx .skp .sldprt .step .stp .surf .u3d .usd"
        " .usda .usdc .usdz .vrml .vtk .vtm .vtp .vtu .wrl .wrz .x3d .x3db .x3dv .xyz .zpr .ztl",
    ),
    _kind(
        "archives",
        "An archive is not opened, and of compressed scans only .gz is read; unpack it here.",
        ".7z .bz2 .gz .lz4 .lzma .rar .tar .tgz .xz .z .zip .zst",
    ),
    _kind(
        "unfinished downloads",
        "An unfinished download; fetch it again, or remove it.",
        ".!qb .!ut .aria2 .crdownload .download .filepart .opdownload .part .partial .tmp",
    ),
    _kind(
        "pictures and materials, read where a scan names them",
        "Read only where a scan names it as its texture or material.",
        ".bmp .dds .exr .gif .hdr .jpeg .jpg .mtl .png .tga .tif .tiff .webp",
    ),
    _kind(
        "backup copies",
        "A backup copy; if it is a scan of its own, give its name the ending of its format.",
        "~ .backup .bak .old .orig .swp",
    ),
)
OTHER = Kind("other files", "No scan: its name does not end in .ply, .obj, .stl, .off, or one of these with .gz.")
HIDDEN = Kind("hidden files", "Hidden, as its name begins with a dot.")
SPECIAL = Kind("pipes, sockets and devices", "No file with content, but a pipe, socket or device, or a link to one.")
FOLDER = Kind(
    "folders named like scans", "A folder, though its name ends like that of a scan; the scans in it are read."
)
NOWHERE = Kind("links to nothing", "A link to nothing.")
AGAIN = Kind("links to folders that are read already", "Leads to a folder that is read already.")
OWN = Kind("folders of results", "Holds what FossilViT makes.")
UNPREFERRED = Kind("scans in another format", "Another file of the same ID has the format that is preferred.")


def by_name(name: str) -> Kind:
    """The kind of a file that is not a scan."""
    name = name.lower()
    return next((kind for kind in BY_NAME if name.endswith(kind.endings)), OTHER)
