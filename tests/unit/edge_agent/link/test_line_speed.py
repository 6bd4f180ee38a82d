from edge_agent.link.line_speed import FIRST_PART, SMALLEST_PART, LineSpeed

LARGEST = 64 * 1024


def measured(size: int, seconds: float) -> LineSpeed:
    speed = LineSpeed()
    speed.sent(0.0)
    speed.acknowledged(size, seconds, idle=True)
    return speed


def test_parts_are_small_while_nothing_is_known() -> None:
    assert LineSpeed().part_size(LARGEST) == FIRST_PART < LARGEST


def test_a_fast_line_shows_itself_with_its_first_parts_though_more_are_under_way() -> None:
    speed = LineSpeed()
    speed.sent(0.0)
    speed.acknowledged(FIRST_PART, 0.01, idle=False)
    speed.acknowledged(FIRST_PART, 0.02, idle=False)
    assert speed.part_size(LARGEST) == LARGEST


def test_a_small_message_that_passes_at_once_tells_nothing() -> None:
    assert measured(1000, 0.001).part_size(LARGEST) == FIRST_PART


def test_a_part_takes_about_a_second_on_a_slow_line() -> None:
    assert measured(60_000, 5.0).part_size(LARGEST) == 8 * 1024
    assert measured(250_000, 5.0).part_size(LARGEST) == 32 * 1024
    assert measured(100, 5.0).part_size(LARGEST) == SMALLEST_PART
    assert measured(10_000_000, 5.0).part_size(LARGEST) == LARGEST


def test_a_short_busy_time_cannot_make_a_line_slow_but_fast_again() -> None:
    speed = measured(60_000, 5.0)
    speed.sent(10.0)
    speed.acknowledged(100_000, 10.1, idle=True)

    assert speed.part_size(LARGEST) == LARGEST


def test_the_brokers_limit_holds() -> None:
    assert LineSpeed().part_size(1000) == 1000
    assert measured(60_000, 5.0).part_size(1000) == 1000


def test_parts_on_their_way_are_cut_anew_only_where_one_takes_many_seconds() -> None:
    assert LineSpeed().largest_kept(LARGEST) == LARGEST
    assert measured(60_000, 5.0).largest_kept(LARGEST) == 48_000
    assert measured(100_000, 5.0).largest_kept(LARGEST) == LARGEST
    assert measured(100, 5.0).largest_kept(LARGEST) == SMALLEST_PART
    assert measured(100_000, 5.0).largest_kept(1000) == 1000
