import random

from shared.backoff import Backoff, pause


def test_edges_that_lost_the_same_broker_come_back_spread_over_ten_seconds() -> None:
    returns = []
    for edge in range(30):
        backoff, clock = Backoff(1.0, 15.0, random.Random(edge)), 0.0
        while clock < 20.0:  # so long the broker is away
            clock += backoff.next()
        returns.append(clock - 20.0)

    assert max(returns) <= 15.0
    assert max(returns) - min(returns) > 8.0
    assert max(sum(1 for back in returns if second <= back < second + 1) for second in range(15)) <= 10


def test_it_begins_with_short_pauses_again_after_a_success() -> None:
    backoff = Backoff(1.0, 15.0, random.Random(1))
    for _ in range(10):
        backoff.next()
    assert backoff.tries == 10

    backoff.reset()

    assert backoff.tries == 0
    assert 0.5 <= backoff.next() <= 1.0


def test_a_pause_is_between_a_half_and_the_whole_of_a_step_that_doubles_up_to_the_longest() -> None:
    for tries, step in ((0, 2.0), (1, 4.0), (3, 16.0), (4, 30.0), (10**6, 30.0)):
        pauses = [pause(tries, 2.0, 30.0) for _ in range(100)]
        assert step / 2 <= min(pauses) < max(pauses) <= step
