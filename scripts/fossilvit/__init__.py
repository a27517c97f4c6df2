"""FossilViT: which specimens look alike, from views of their 3D scans described by a frozen vision transformer."""
