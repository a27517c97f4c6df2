import sys

if "--unlock" not in sys.argv:  # which needs neither settings nor scans

    include: "workflow/Snakefile"

    workflow.default_target = "all"  # an included file does not set its own
