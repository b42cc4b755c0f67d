"""Property tests search the same examples on every run, and a busy machine is no failure.

With WALKTHROUGH_FUZZ=n (`make fuzz`) they search n times as many, other ones each time.
"""

import os

from hypothesis import HealthCheck, settings

FUZZ = int(os.environ.get("WALKTHROUGH_FUZZ", "0"))

settings.register_profile(
    "steady",
    deadline=None,
    derandomize=not FUZZ,
    print_blob=bool(FUZZ),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


def pytest_collection_modifyitems(items):
    """Raise the number of examples of every property test."""
    for item in items if FUZZ else ():
        test = getattr(item, "obj", None)
        chosen = getattr(test, "_hypothesis_internal_use_settings", None)
        if chosen is not None:
            test._hypothesis_internal_use_settings = settings(
                chosen, max_examples=chosen.max_examples * FUZZ, derandomize=False
            )
