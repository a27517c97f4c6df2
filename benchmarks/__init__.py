"""Measurements against named rivals in the same run. They print times and ratios; nothing here passes or fails."""

import time


def best(work, rounds):
    """The time of the fastest round in seconds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def torus(faces):
    """A torus with about the given number of faces, and half as many vertices."""
    import trimesh  # imported here, because the processes whose memory is measured must not load it

    around = round((faces / 2) ** 0.5)
    return trimesh.creation.torus(3, 1, major_sections=around, minor_sections=around)
