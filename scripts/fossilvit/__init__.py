"""FossilViT: which specimens look alike, from views of their 3D scans described by a frozen vision transformer."""

if __name__ != "fossilvit":
    raise ImportError("Import fossilvit; under another name its errors and types would be others.")
