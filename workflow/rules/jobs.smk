# needs  nothing
# gives  what every job is run with: `python "$FOSSILVIT"/STAGE.py` is a stage, by the Python of the rule's environment,
#        which is this one unless told otherwise; "$FOSSILVIT"/warm.py runs it in a process that stays for the next job

import atexit
import gc
import os
import threading

from fossilvit import preemption, warm

os.environ.update(
    FOSSILVIT=str(REPOSITORY / "scripts"),
    PATH=os.pathsep.join([os.path.dirname(sys.executable), *os.get_exec_path()]),
)
os.environ.pop(warm.FOLDER, None)
if config["warm"]:
    os.environ.update({warm.FOLDER: warm.open_folder()})

# inside a job of a cluster a specimen is tried again by itself, or its whole shard would be; elsewhere --retries holds
RETRIES = 1 if workflow.remote_exec and not workflow.nodes else None

# the graph is millions of objects that last as long as the run: a search for garbage among them doubles its start and end
gc.set_threshold(1_000_000, 100, 100)
atexit.register(gc.freeze)


def specimen(wildcards):
    """The specimen that a job is for."""
    return SPECIMENS[layout.decode(wildcards.id)]


def leave_at_once():
    """Cancel what Snakemake would still look after for a second when everything is done, at the end of every process."""
    threading.main_thread().join()
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


threading.Thread(target=leave_at_once, daemon=True).start()


onstart:
    if former := leftovers.former(layout.RESULTS, QUERIES, LABELLED):
        leftovers.delete(former)
        logger.info(f"Deleted what only former runs were asked for: {', '.join(map(str, former))}.")
    if workflow.executor_plugin.name == "slurm":
        preemption.watch(workflow.scheduler._executor.run_uuid)
