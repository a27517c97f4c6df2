"""The algorithm version of every stage.

Raise a stage's number when the same input and settings give other results. The next run then makes the results of that
stage again, and all that follow from them. The recipe of each result holds the number.
"""

RENDERING = 4
HOG = 1
DINOV2 = 2
TORCHSCRIPT = 1
CUSTOM = 1
POOLING = 1
GATHERING = 2
WHITENING = 3
LISTING = 1
DUPLICATES = 2
CLUSTERING = 4
NEIGHBORS = 3
EVALUATION = 3
FIGURES = 3
