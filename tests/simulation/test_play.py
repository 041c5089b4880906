from sync.simulation.play import Play
from sync.simulation.script import Act, Step
from sync.simulation.world import World
from tests.simulation.small_world import free, small_world

MUG = "MUG-30-OAT"


def line(at: int, units: int, story: str = "") -> Step:
    return Step(at, "till", Act.SHOWS, MUG, units, 0, story)


def played(world: World, *, holds_at: int | None = None) -> Play:
    steps = (line(0, 1, "one"), line(2_000, 2), line(3_000, 3, "three"), line(9_000, 4, "four"))
    day = Play(world, steps, again_after_ms=20_000, holds_at=holds_at)
    day.begin()
    return day


def told(day: Play) -> list[str]:
    found = [line.text for line in day.told]
    day.told.clear()
    return found


def test_each_line_is_told_when_it_comes_true_and_the_day_is_lived_again() -> None:
    world = small_world()
    day = played(world)
    world.advance(3_000)
    assert (told(day), free(world, "till", MUG)) == (["one", "three"], 3)
    world.advance(20_000)
    assert (told(day), free(world, "till", MUG)) == (["four", "one"], 1)


def test_while_it_is_held_nothing_happens_and_then_the_rest_comes_as_far_apart_as_ever() -> None:
    world = small_world()
    day = played(world)
    world.advance(1_000)
    day.hold()
    world.advance(60_000)
    assert free(world, "till", MUG) == 1
    day.resume()
    world.advance(60_999)
    assert free(world, "till", MUG) == 1
    world.advance(62_000)
    assert free(world, "till", MUG) == 3


def test_a_step_has_all_happen_up_to_the_next_line_that_is_told_and_holds() -> None:
    world = small_world()
    day = played(world)
    world.advance(0)
    told(day)
    day.step()
    assert (told(day), free(world, "till", MUG), day.is_held) == (["three"], 3, True)
    day.step()
    day.step()
    assert (told(day), free(world, "till", MUG)) == (["four", "one"], 1)
    world.advance(300_000)
    assert told(day) == []


def test_it_holds_by_itself_where_it_was_asked_to_and_begins_again_from_anywhere() -> None:
    world = small_world()
    day = played(world, holds_at=5_000)
    world.advance(100_000)
    assert (told(day), day.is_held) == (["one", "three"], True)
    day.begin()
    world.advance(100_000)
    assert told(day) == ["one"]
    day.hold()
    day.resume()
    world.advance(110_000)
    assert told(day) == ["three", "four"]
