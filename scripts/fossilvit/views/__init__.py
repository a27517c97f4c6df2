"""Pictures of specimens: the pose of a specimen, the cameras around it, and the renderers that draw its views."""
