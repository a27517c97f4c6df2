include: "workflow/Snakefile"


workflow.default_target = "all"  # an included file does not set its own
