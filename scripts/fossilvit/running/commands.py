"""How the stage commands run: with progress over the specimens of a folder, and with errors in one sentence."""

import logging
import sys

from fossilvit.errors import SpecimenError, UserError

log = logging.getLogger("fossilvit")


def run(main) -> int:
    """Run a command and return its exit code; what a user can mend is told in one sentence, without a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except UserError as error:
        log.error("Error: %s", error)
        return 1
    except OSError as error:
        log.error("Error: %s; nothing half-written was left.", error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def each(identities, work, stage) -> dict:
    """Do the work of a stage for one specimen after another; log and skip those whose data are bad.

    Parameters
    ----------
    identities : list of str
    work : function of an ID
        Raises SpecimenError for a specimen to skip.
    stage : str
        What the progress bar is called.

    Returns
    -------
    dict of ID to what the work returned, without those skipped
    """
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    done, skipped = {}, {}
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
