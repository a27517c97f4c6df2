"""How the commands run: with progress over the specimens of a folder, and with errors in one sentence.

In: the main function of a command, or the IDs of specimens and the work on each. Out: an exit code, or results by ID.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from fossilvit.errors import SpecimenError
from fossilvit.running import troubles

log = logging.getLogger("fossilvit")

Result = TypeVar("Result")


def run(main: Callable[[], object]) -> int:
    """Run a command and return its exit code.

    A mistake of the user or a fault of the machine is reported in one sentence, without a traceback.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except Exception as error:
        sentence = troubles.describe(error)
        if sentence is None:
            raise
        log.error("Error: %s", sentence)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def each(identities: Sequence[str], work: Callable[[str], Result], stage: str) -> dict[str, Result]:
    """Do the work of a stage for one specimen after another; log and skip those whose data are bad.

    Parameters
    ----------
    identities : list of str
    work : function
        Takes an ID, and raises SpecimenError for a specimen to skip.
    stage : str
        The label of the progress bar.

    Returns
    -------
    dict of ID to what the work returned, without the skipped specimens
    """
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    done: dict[str, Result] = {}
    skipped: dict[str, str] = {}
    with logging_redirect_tqdm():
        for identity in tqdm(identities, desc=stage, unit="specimen", disable=len(identities) < 2):
            try:
                done[identity] = work(identity)
            except SpecimenError as error:
                log.warning("Skipped %s: %s", identity, error)
                skipped[identity] = str(error)
    log.info("%s: %d done, %d skipped.", stage, len(done), len(skipped))
    for identity, reason in skipped.items() if len(identities) > 1 else ():
        log.info("  skipped %s: %s", identity, reason)
    return done
