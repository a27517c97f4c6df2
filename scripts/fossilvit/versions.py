"""The algorithm version of every stage.

Raise a stage's number when the same input and settings give other results. The next run then makes the results of that
stage again, and all that follow from them. The recipe of each result holds the number.
"""

RENDERING = 5
HOG = 1
DINOV2 = 2
TORCHSCRIPT = 1
CUSTOM = 1
EXHIBITS = 1
POOLING = 1
GATHERING = 4
WHITENING = 5
LISTING = 2
DUPLICATES = 4
CLUSTERING = 6
NEIGHBORS = 5
EVALUATION = 4
SHEET = 1
SUSPECTS = 1
PARQUET = 1
MAPPING = 1
FIGURES = 4
CHUNKS = 1
ATLAS = 1
