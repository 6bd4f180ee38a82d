"""What each program of a running stack has cost in CPU time: the figure that a host's drifting speed moves least."""

import psutil

from tests.support.stack import RunningStack

Costs = dict[str, float]


def cpu_seconds(stack: RunningStack) -> Costs:
    """User and system seconds of each program since it was started; what its children did stands beside it."""
    costs: Costs = {}
    for row in stack.processes():
        process = psutil.Process(row["pid"])
        costs[row["name"]] = _spent(process)
        if children := process.children(recursive=True):
            costs[f"{row['name']}'s child"] = sum(map(_spent, children))
    return costs


def milliseconds_a_capture(before: Costs, after: Costs, captures: int) -> str:
    """The difference as text, the dearest program first."""
    spent = {name: 1000 * (after[name] - before.get(name, 0.0)) / captures for name in after}
    shares = sorted(spent.items(), key=lambda share: -share[1])
    total = sum(spent.values())
    return f"{total:.0f} ms of CPU time a capture: " + ", ".join(f"{name} {cost:.1f}" for name, cost in shares)


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
