"""A run equals a run from scratch, whatever changed since the one before.

`WALKS=100 python -m pytest tests/workflow/test_any_changes.py --numprocesses 2` walks longer than the tests of every
day: each walk has five steps.
"""

import os

import pytest

from tests.workflow.walk import Walk

STEPS = 5


@pytest.mark.parametrize("seed", range(int(os.environ.get("WALKS", 2))))
def test_a_walk_of_changes_ends_where_a_run_from_scratch_does(tmp_path, seed):
    walk = Walk(tmp_path, seed)
    try:
        for _ in range(STEPS):
            walk.step()
        again = walk.run()
        assert again.code == 0 and not again.jobs, walk.history() + again.output
    finally:
        walk.close()
