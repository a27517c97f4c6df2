"""Which jobs Snakemake runs again: those whose results were made from something else, and no others.

By itself Snakemake goes by dates and by its memory in .snakemake, checks nothing below a job that must run, and stops
where an input is dated in the future. Here the records of the results decide (fossilvit.freshness), and dates mean
nothing. Names of specimens may repeat a piece as often as they like: no rule here is fed by itself, which is what
Snakemake guards against.

This is the only place that touches Snakemake's private parts; tests/workflow/test_reruns.py fails when they change.
"""

from snakemake.jobs import Job


def decide(workflow, again):
    """Let a workflow run the jobs of these files again, and those of files that are missing; no others.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        While its Snakefile is read.
    again : set of str
        Files that are to be made again where the graph holds them; unlike `--forcerun` this makes them no targets.
    """
    prepare = workflow._prepare_dag

    def prepare_dag(*arguments, **options):
        prepare(*arguments, **options)
        workflow.dag.forcefiles |= again
        workflow.dag.check_output_mtime = _no_check
        workflow.dag.check_periodic_wildcards = lambda job: None
        workflow.dag_settings.rerun_triggers = frozenset()
        workflow.persistence.has_metadata = lambda job: True
        workflow.persistence.has_outdated_metadata = lambda job: False

    workflow._prepare_dag = prepare_dag
    Job.output_mintime = property(_no_date)


async def _no_check(job, outputs):
    """Outputs may be dated before their inputs."""


async def _no_date(job):
    """No date that an input could be newer than."""
