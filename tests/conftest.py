"""Property tests search the same examples on every run, and a busy machine is no failure.

With WALKTHROUGH_FUZZ=n (`make fuzz`) they search n times as many, other ones each time.

Garbage is collected between tests, not within: audits make and drop millions of small objects, and looking
through them again and again was a tenth of the time.
"""

import gc
import os

from hypothesis import HealthCheck, settings

GARBAGE = 1_500_000
"""Objects made and not dropped since the last collection that are worth another one: some seven audits."""
FUZZ = int(os.environ.get("WALKTHROUGH_FUZZ", "0"))

settings.register_profile(
    "steady",
    deadline=None,
    derandomize=not FUZZ,
    print_blob=bool(FUZZ),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


gc.disable()


def pytest_collection_finish():
    """What is imported by then stays: it need not be looked through."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown():
    """Collect garbage where much has gathered."""
    if gc.get_count()[0] > GARBAGE:
        gc.collect()


def pytest_collection_modifyitems(items):
    """Raise the number of examples of every property test."""
    for item in items if FUZZ else ():
        test = getattr(item, "obj", None)
        chosen = getattr(test, "_hypothesis_internal_use_settings", None)
        if chosen is not None:
            test._hypothesis_internal_use_settings = settings(
                chosen, max_examples=chosen.max_examples * FUZZ, derandomize=False
            )
