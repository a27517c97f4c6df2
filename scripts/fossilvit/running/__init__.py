"""How commands run: their settings, progress, exit codes, devices, child processes, and processes that stay warm."""
