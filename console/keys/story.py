"""The demo's story: a line on, silence, and from the beginning."""

from console.keys.action import Action, Chapter

_IN_THE_DEMO = "In the demo only."

STORY_ACTIONS: tuple[Action, ...] = (
    Action(
        "story_next",
        (">",),
        "The story's next line",
        f"{_IN_THE_DEMO} It happens now, and the story then waits for this key.",
        Chapter.DEMO,
        demo=True,
    ),
    Action(
        "story_silence",
        (".",),
        "Silence the story or go on",
        f"{_IN_THE_DEMO} What happens in the shop happens untold.",
        Chapter.DEMO,
        legend="Story",
        brief="Story",
        demo=True,
    ),
    Action(
        "story_again",
        ("<",),
        "The story from its beginning",
        f"{_IN_THE_DEMO} The scripted day begins again, on the goods as they are.",
        Chapter.DEMO,
        demo=True,
    ),
)
