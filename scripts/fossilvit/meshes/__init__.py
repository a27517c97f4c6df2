"""Files of meshes and point clouds -> checked geometry, and its facts.

In: a .ply .obj .stl .off, also compressed with gzip. Out: a Mesh in file units. `reading` shows the steps from file to
mesh, and `formats` holds one parser per format.
"""

from fossilvit.meshes.formats.source import file_facts, most_memory
from fossilvit.meshes.mesh import Mesh, Texture, facts
from fossilvit.meshes.reading import read

__all__ = ["Mesh", "Texture", "facts", "file_facts", "most_memory", "read"]
