import sys

if "--unlock" not in sys.argv:  # unlocking needs neither settings nor scans

    include: "workflow/Snakefile"

    workflow.default_target = "all"  # an included file cannot set it
