"""The algorithm version of every stage.

Raise a stage's number when the same input and settings give another output: the next run then makes the results of that
stage and what follows from them again. Each result records the number that it was made with (recipes).
"""

RENDERING = 3
HOG = 1
DINOV2 = 2
TORCHSCRIPT = 1
CUSTOM = 1
POOLING = 1
GATHERING = 1
WHITENING = 2
LISTING = 1
DUPLICATES = 1
CLUSTERING = 2
NEIGHBORS = 2
EVALUATION = 2
FIGURES = 2
