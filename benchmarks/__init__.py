"""Measurements against named rivals in the same run. They print ratios; nothing here passes or fails."""

import time


def best(work, rounds):
    """The shortest of some rounds, in seconds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def torus(faces):
    """A torus of about so many faces, and half as many vertices."""
    import trimesh  # not above: the processes whose memory is measured do without

    around = round((faces / 2) ** 0.5)
    return trimesh.creation.torus(3, 1, major_sections=around, minor_sections=around)
