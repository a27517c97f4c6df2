# needs  nothing
# gives  how every job is run: `python "$FOSSILVIT"/STAGE.py` runs a stage by the Python of the rule's environment (by
#        default the active one); "$FOSSILVIT"/warm.py runs it in a process that stays for the next job

import atexit
import gc
import os

from fossilvit.provenance import backends, leftovers
from fossilvit.running import preemption, warm
from fossilvit.store import files, tables

os.environ.update(
    {
        "FOSSILVIT": str(REPOSITORY / "scripts"),
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]),
        tables.MARK: str(int(config["byte_order_mark"])),
    }
)
os.environ.pop(warm.FOLDER, None)
if config["warm"]:
    os.environ.update({warm.FOLDER: warm.open_folder()})

# a job of a compute cluster holds a whole shard, so it retries single specimens itself; elsewhere --retries applies
RETRIES = 1 if internals.is_submitted(workflow) else None

# the graph is millions of objects that last as long as the run; collecting garbage among them doubles its start and end
gc.set_threshold(1_000_000, 100, 100)
atexit.register(gc.freeze)
internals.heed_signals()
internals.leave_at_once()


onstart:
    if former := leftovers.former(layout.RESULTS, PLAN.asked_for()):
        leftovers.delete(former)
        logger.info(f"Deleted the results that only former runs were asked for: {', '.join(map(str, former))}.")
    if name := internals.slurm_run(workflow):
        preemption.watch(name)


onsuccess:
    if PLAN.atlas:
        logger.info(f"Open the atlas in a browser: {layout.ATLAS_PAGE}")
    if difference := backends.difference(files.read_object(layout.PASSPORT).get("backends", ())):
        logger.warning(difference)
