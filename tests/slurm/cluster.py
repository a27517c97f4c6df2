"""A SLURM cluster of one node on this machine: munged, slurmctld and slurmd, and all their files in one folder."""

import getpass
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel", "sacct")
SETTINGS = """
ClusterName=fossils
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MinJobAge=86400
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
ProctrackType=proctrack/linuxproc
TaskPlugin={binding}
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres={gpus} Features=fossils
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE PriorityTier=2
PartitionName=spare Nodes={host} MaxTime=INFINITE PriorityTier=1
"""
CPUS, MEMORY = 16, 64000
"""What the node says it has, which nobody holds it to."""
GPUS = {"large": "/dev/null", "small": "/dev/zero"}
"""Devices that stand for GPUs, by their model."""
START = 120
"""Seconds that a daemon may take until it answers."""


class Cluster:
    """The daemons, and the commands of a user."""

    def __init__(self, folder, cpus):
        self.folder, self.cpus = Path(folder), cpus
        self.host = socket.gethostname().partition(".")[0]
        path = os.pathsep.join([str(self.folder / "bin"), os.path.dirname(sys.executable), os.environ["PATH"]])
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}
        self.daemons = {}

    def write_settings(self):
        """Write the files that the daemons read, and the programs that jobs find: an srun, and a driver of GPUs."""
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir()
        srun = self.folder / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {where("srun")} "$@"\n')
        driver = self.folder / "bin/nvidia-smi"
        listed = "".join(f"GPU {number}: {model} (UUID: GPU-{model})\n" for number, model in enumerate(GPUS))
        driver.write_text(f"#!/bin/sh\ncat <<END\n{listed}END\n")
        for program in (srun, driver):
            program.chmod(0o755)
        settings = SETTINGS.format(
            folder=self.folder,
            host=self.host,
            user=getpass.getuser(),
            controller_port=free_port(),
            node_port=free_port(),
            cpus=self.cpus,
            memory=MEMORY,
            gpus=",".join(f"gpu:{model}:1" for model in GPUS),
            # CPUs that are not there cannot be bound to
            binding="task/affinity" if self.cpus <= os.cpu_count() else "task/none",
        )
        (self.folder / "slurm.conf").write_text(settings)
        gpus = (f"NodeName={self.host} Name=gpu Type={model} File={device}\n" for model, device in GPUS.items())
        (self.folder / "gres.conf").write_text("".join(gpus))
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)

    def start(self):
        """Start all daemons, and wait for the node to take jobs."""
        files = [f"--{name}={self.folder}/munge.{name}" for name in ("socket", "pid-file", "log-file", "seed-file")]
        self.launch("munged", "--foreground", "--force", f"--key-file={self.folder}/munge.key", *files)
        self.until(lambda: (self.folder / "munge.socket").exists())
        self.launch("slurmctld", "-D")
        self.until(lambda: self.call("scontrol", "ping").returncode == 0)
        self.launch("slurmd", "-D", "-N", self.host)
        self.until(lambda: "idle" in self.call("sinfo", "--noheader", "--format=%T").stdout)

    def launch(self, program, *arguments):
        """Start a daemon."""
        with open(self.folder / f"{program}.out", "ab") as output:
            command = [where(program), *arguments]
            self.daemons[program] = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)

    def stop(self):
        """Cancel what runs and end the daemons."""
        self.call("scancel", "--full", f"--user={getpass.getuser()}")
        for program in reversed(list(self.daemons)):
            self.end(program)

    def end(self, program):
        """End a daemon."""
        daemon = self.daemons.pop(program)
        daemon.terminate()
        try:
            daemon.wait(START)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def call(self, program, *arguments):
        """Run a command of SLURM."""
        command = [program, *map(str, arguments)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)

    def jobs(self):
        """What the controller knows of every job, by its own names, in the order of submission."""
        lines = self.call("scontrol", "--oneliner", "show", "jobs").stdout.splitlines()
        jobs = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in lines if line.startswith("JobId")]
        return sorted(jobs, key=lambda job: int(job["JobId"]))

    def until(self, ready):
        """Wait until something is so."""
        end = time.monotonic() + START
        while not ready():
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                said = "".join((self.folder / f"{name}.out").read_text()[-2000:] for name in dead or self.daemons)
                raise RuntimeError(f"SLURM does not start: {dead or 'no answer'}\n{said}")
            time.sleep(0.1)


def missing() -> list[str]:
    """The programs of SLURM that this machine lacks."""
    return [program for program in PROGRAMS if not where(program)]


def where(program):
    """The path of a program, daemons included."""
    return shutil.which(program, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"]))


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(cpus=CPUS):
    """A cluster that takes jobs, as long as the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # short: the path of a socket has 107 characters at most
    cluster = Cluster(folder, cpus)
    try:
        cluster.write_settings()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
