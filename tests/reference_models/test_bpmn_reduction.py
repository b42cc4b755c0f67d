"""Reduction against the net as drawn, on random graphs of tasks and gateways."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from model_files import compiled, flows, language, nodes

from reference_models.soundness import check_soundness


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """A process of two to six nodes wired at random; often unsound."""
    count = draw(st.integers(2, 6))
    kinds = draw(
        st.lists(
            st.sampled_from(["task", "exclusiveGateway", "parallelGateway"]), min_size=count, max_size=count
        )
    )
    ids = [f"n{i}" for i in range(count)]
    pairs = {("s", "n0"), *zip(ids, [*ids[1:], "e"], strict=True)}
    extra = st.tuples(st.sampled_from(ids), st.sampled_from([*ids, "e"]))
    pairs |= set(draw(st.lists(extra, max_size=4)))
    drawn = [nodes(**{kind: name}) for kind, name in zip(kinds, ids, strict=True)]
    text = " ".join(f"{a}>{b}" for a, b in sorted(pairs))
    assume("task" in kinds)
    return nodes(startEvent="s", endEvent="e") + "".join(drawn) + flows(text)


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_reduction_keeps_language_and_soundness(body):
    made = compiled(body)
    full, small = check_soundness(made.full_net, 300), check_soundness(made.net, 300)
    assume(not full.unbounded and not full.capped)
    assert language(made.net, 4) == language(made.full_net, 4)
    assert (small.stuck is None, set(small.dead)) == (full.stuck is None, set(full.dead))
    assert len(made.net.transitions) - sum(t.label is not None for t in made.net.transitions) <= sum(
        t.label is None for t in made.full_net.transitions
    )
