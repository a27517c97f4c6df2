"""Start the process of a stage that stays warm: `python warm_worker.py STAGE SLOT`. Only scripts/warm.py runs this."""

from fossilvit.running.warm import worker

if __name__ == "__main__":
    worker.main()
