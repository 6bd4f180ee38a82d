import random

from edge_agent.link.backoff import Backoff


def test_edges_that_lost_the_same_broker_come_back_spread_over_ten_seconds() -> None:
    returns = []
    for edge in range(30):
        backoff, clock = Backoff(random.Random(edge)), 0.0
        while clock < 20.0:  # so long the broker is away
            clock += backoff.delay(seldom=False)
        returns.append(clock - 20.0)

    assert max(returns) <= 15.0
    assert max(returns) - min(returns) > 8.0
    assert max(sum(1 for back in returns if second <= back < second + 1) for second in range(15)) <= 10


def test_it_begins_with_short_waits_again_after_a_connection_that_held() -> None:
    backoff = Backoff(random.Random(1))
    for _ in range(10):
        backoff.delay(seldom=False)

    backoff.reset()

    assert backoff.delay(seldom=False) <= 1.0


def test_what_only_a_person_can_mend_is_tried_seldom() -> None:
    backoff = Backoff(random.Random(1))

    assert all(30.0 <= backoff.delay(seldom=True) <= 60.0 for _ in range(20))
