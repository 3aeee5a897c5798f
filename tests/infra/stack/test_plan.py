"""What a plan says of the events of a preview, in the forms that Pulumi's engine gives them."""

from collections.abc import Mapping
from typing import Any

import pytest

from scripts.stack import plan, tables
from scripts.stack.plan import Plan

PREFIX = "urn:pulumi:prod::exai-mcp-server::"
CONTAINER = "docker:index/container:Container"
VOLUME = "docker:index/volume:Volume"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
Event = Mapping[str, Any]


def _step(operation: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"op": operation, "urn": f"{PREFIX}{kind}::{name}", "type": kind, **more}


def _state(kind: str, inputs: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "custom": True, "inputs": inputs, "outputs": inputs, **more}


def _planned(operation: str, kind: str, name: str, **more: Any) -> Event:
    return {"resourcePreEvent": {"metadata": _step(operation, kind, name, **more)}}


def _refreshed(operation: str, name: str, **more: Any) -> Event:
    return {"resOutputsEvent": {"metadata": _step(operation, CONTAINER, name, **more)}}


def _replaced(
    old: Mapping[str, Any], new: Mapping[str, Any], *keys: str, kind: str = CONTAINER
) -> list[Event]:
    """A replacement as Pulumi tells it, in three steps of which only the last has every reason."""
    states = {"old": _state(kind, old), "new": _state(kind, new)}
    return [
        _planned("delete-replaced", kind, "one", old=states["old"]),
        _planned("replace", kind, "one", **states),
        _planned("create-replacement", kind, "one", keys=list(keys), **states),
    ]


def _read(*events: Event, given_up: frozenset[str] = frozenset()) -> Plan:
    return plan.read(events, given_up=given_up)


def _reasons(made: Plan) -> list[tuple[str, Any, Any, bool]]:
    (change,) = made.changes
    return [(one.field, one.before, one.after, one.forces) for one in change.differences]


def test_a_replacement_is_one_change_with_the_field_that_forces_it() -> None:
    old, new = {"envs": ["A=1", "B=2"], "memory": 64}, {"envs": ["A=1", "B=3"], "memory": 96}

    made = _read(*_replaced(old, new, "envs"))

    assert [(one.operation, one.part.kind, one.part.name) for one in made.changes] == [
        ("replace", "container", "one")
    ]
    assert _reasons(made) == [("envs[1]", "B=2", "B=3", True), ("memory", 64, 96, False)]
    assert made.summary == {"delete": 0, "replace": 1, "update": 0, "create": 0, "unchanged": 0}


def test_a_list_of_another_length_is_shown_whole() -> None:
    assert _reasons(_read(*_replaced({"command": ["a"]}, {"command": ["a", "b"]}, "command"))) == [
        ("command", ["a"], ["a", "b"], True)
    ]


def test_what_waits_for_another_part_says_so() -> None:
    made = _read(*_replaced({"image": "sha256:1"}, {"image": UNKNOWN}, "image"))

    assert _reasons(made) == [("image", "sha256:1", "known only during the update", True)]


def test_a_changed_secret_is_named_and_not_shown() -> None:
    made = _read(*_replaced({"data": "[secret]"}, {"data": "[secret]"}, "data"))

    assert _reasons(made) == [("data", "[secret]", "[secret]", True)]
    assert "data: a secret, changed (replaces)" in tables.text(made, "prod", "")


def test_bookkeeping_of_the_provider_is_no_difference() -> None:
    old = {"memory": 64, "__defaults": [], "healthcheck": {"__defaults": []}}
    new = {"memory": 65, "__defaults": ["x"], "healthcheck": {"__defaults": ["y"]}}

    assert [reason[0] for reason in _reasons(_read(*_replaced(old, new)))] == ["memory"]


def test_names_that_pulumi_makes_up_are_the_same_in_every_plan() -> None:
    network = "docker:index/network:Network"

    def made(suffix: str) -> Plan:
        named = {"name": f"backend-{suffix}", "__defaults": []}
        joined = {"networksAdvanced": [{"name": f"backend-{suffix}"}]}
        return _read(
            _planned("create", network, "backend", new=_state(network, named)),
            _planned("create", CONTAINER, "one", new=_state(CONTAINER, joined)),
        )

    assert made("0123abc").digest("prod", "nothing") == made("fedc987").digest("prod", "nothing")
    assert made("0123abc").changes[1].inputs == {"name": "backend-*"}


def test_components_and_providers_are_not_parts() -> None:
    component = {"type": "exai:infra:Cache", "inputs": {}}
    provider = _state("pulumi:providers:docker", {})

    made = _read(
        _planned("create", "exai:infra:Cache", "cache", new=component),
        _planned("create", "pulumi:providers:docker", "default", new=provider),
    )

    assert made.changes == []


def test_parts_that_stay_are_counted() -> None:
    made = _read(_planned("same", CONTAINER, "one", old=_state(CONTAINER, {}), new=_state(CONTAINER, {})))

    assert (made.changes, made.unchanged) == ([], 1)
    assert tables.text(made, "prod", "x") == "prod: nothing to change, 1 parts compared (x)"


def test_drift_is_what_the_refresh_found_and_not_what_the_plan_does() -> None:
    old, new = _state(CONTAINER, {"memory": 512}), _state(CONTAINER, {"memory": 300})

    made = _read(
        _refreshed("refresh", "one", old=old, new=new, diffs=["memory"]),
        _refreshed("update", "one", old=new, new=old, diffs=["memory"]),
    )

    assert [(one.what, one.mend) for one in made.drift] == [
        ("memory is 300, and should be 512", "the update sets it back")
    ]
    assert made.refusals == []


def test_a_stopped_container_and_one_that_is_gone_are_drift() -> None:
    runs, stopped = _state(CONTAINER, {"mustRun": True}), _state(CONTAINER, {"mustRun": False})

    made = _read(
        _refreshed("refresh", "stopped", old=runs, new=stopped, diffs=["mustRun"]),
        _refreshed("refresh", "gone", old=runs, new={}),
    )

    assert [(one.part.name, one.what, one.mend) for one in made.drift] == [
        ("gone", "is gone", "the update makes it again"),
        ("stopped", "is not running", "the update starts it again"),
    ]


def test_drift_of_a_service_names_replicas_and_every_changed_place() -> None:
    """As the provider tells what `docker service scale` and `docker service update` did."""
    service = "docker:index/service:Service"

    def state(replicas: int, environment: Mapping[str, str]) -> dict[str, Any]:
        spec = {"containerSpec": {"env": environment}}
        return _state(service, {"mode": {"replicated": {"replicas": replicas}}, "taskSpec": spec})

    places = ("mode.replicated.replicas", "taskSpec.containerSpec.env.A", "taskSpec.containerSpec.env.TOKEN")
    step = _step(
        "refresh",
        service,
        "svc",
        old=state(2, {"A": "1"}),
        new=state(3, {"A": "2", "TOKEN": "put-here-by-hand"}),
        diffs=["mode", "taskSpec"],
        detailedDiff={place: {"diffKind": "update"} for place in places},
    )

    made = _read({"resOutputsEvent": {"metadata": step}})

    assert [one.what for one in made.drift] == [
        "has 3 replicas, and should have 2",
        'taskSpec.containerSpec.env.A is "2", and should be "1"',
        "taskSpec.containerSpec.env.TOKEN is a text that looks like a secret, and should be none",
    ]
    assert {one.mend for one in made.drift} == {"the update sets it back"}


def test_a_secret_where_none_belongs_is_not_repeated_in_a_plan() -> None:
    old, new = {"envs": ["A=1", "TOKEN=abc"]}, {"envs": ["A=1", "TOKEN=def"]}

    assert _reasons(_read(*_replaced(old, new))) == [
        ("envs[1]", "a text that looks like a secret", "a text that looks like a secret", False)
    ]


def test_a_volume_that_is_gone_comes_back_empty() -> None:
    event = {
        "resOutputsEvent": {"metadata": _step("refresh", VOLUME, "data", old=_state(VOLUME, {}), new={})}
    }

    assert [one.mend for one in _read(event).drift] == [
        "the update makes it again, empty: restore a backup then"
    ]


@pytest.mark.parametrize(
    ("retained", "fate"), [(True, "forgotten, and its data left unmanaged"), (False, "deleted")]
)
def test_a_volume_with_data_may_not_go(retained: bool, fate: str) -> None:
    old = _state(VOLUME, {"name": "one"}, retainOnDelete=retained)
    event = _planned("delete", VOLUME, "one", old=old)

    (sentence,) = _read(event).at_risk

    assert sentence.startswith(f"The volume one would be {fate}, because the program no longer declares it: ")
    assert _read(event).refusals == [sentence]
    assert _read(event, given_up=frozenset({"one"})).refusals == []
    assert _read(event, given_up=frozenset({"another"})).refusals == [sentence]


def test_a_volume_with_data_may_not_be_replaced() -> None:
    (sentence,) = _read(*_replaced({"name": "a"}, {"name": "b"}, "name", kind=VOLUME)).at_risk

    assert sentence.startswith("The volume one would be replaced over name, and its data with it: undo that")


@pytest.mark.parametrize(
    "inputs", [{"driverOpts": {"type": "tmpfs"}}, {"labels": [{"label": "exai.content", "value": "x"}]}]
)
def test_a_volume_without_data_of_its_own_may_go(inputs: Mapping[str, Any]) -> None:
    assert _read(_planned("delete", VOLUME, "one", old=_state(VOLUME, inputs))).at_risk == []


def _diagnostic(message: str, severity: str = "error") -> Event:
    return {"diagnosticEvent": {"message": message, "severity": severity, "urn": f"{PREFIX}{VOLUME}::one"}}


def test_protection_is_said_once_and_only_where_the_loss_was_agreed_to() -> None:
    gone = _planned("delete", VOLUME, "one", old=_state(VOLUME, {}, protect=True))
    held = _diagnostic('error: Preview failed: resource "…" cannot be deleted\nbecause it is protected. To …')

    assert len(_read(gone, held).refusals) == 1
    assert "LOSE_VOLUMES=one" in _read(gone, held).refusals[0]
    (agreed,) = _read(gone, held, given_up=frozenset({"one"})).refusals
    assert agreed.startswith("one is protected, and the update would remove it: `pulumi state unprotect '")


def test_errors_are_shown_without_noise_and_markup() -> None:
    made = _read(
        _diagnostic("<{%fg 1%}>error: <{%reset%}>The settings need mending:\nand how\n"),
        _diagnostic("error: an unhandled error occurred: program exited with non-zero exit code: 1\n"),
        _diagnostic("error: preview failed\n"),
        _diagnostic("error: a warning", "warning"),
    )

    assert made.refusals == ["The settings need mending:\nand how"]
    assert tables.headline(made, "prod", "x") == "prod: there is no plan (x)"


def test_a_broken_rule_is_a_refusal_and_an_advice_is_not() -> None:
    def told(level: str) -> Event:
        return {"policyEvent": {"message": "What it is about.\nThe sentence.\n", "enforcementLevel": level}}

    assert _read(told("mandatory")).refusals == ["The sentence."]
    assert _read(told("advisory")).refusals == []


def test_the_digest_has_every_key_whatever_happens() -> None:
    assert _read().digest("prod", "state") == {
        "format": 1,
        "stack": "prod",
        "against": "state",
        "verdict": "ok",
        "summary": {"delete": 0, "replace": 0, "update": 0, "create": 0, "unchanged": 0},
        "changes": [],
        "drift": [],
        "dataAtRisk": [],
        "violations": [],
        "errors": [],
    }


def test_changes_come_in_the_order_of_their_weight() -> None:
    state = _state(CONTAINER, {})
    made = _read(
        _planned("create", CONTAINER, "b", new=state),
        _planned("create", CONTAINER, "a", new=state),
        _planned("update", CONTAINER, "c", old=state, new=state),
        _planned("delete", CONTAINER, "d", old=state),
    )

    assert [one.part.name for one in made.changes] == ["d", "c", "a", "b"]


def test_a_comment_shows_values_as_they_are() -> None:
    made = _read(*_replaced({"command": ["a"]}, {"command": ["<img> | `x` @all"]}, "command"))

    said = tables.markdown(made, "prod", "against it")

    assert said.splitlines()[0] == "<!-- plan of prod -->"
    assert r"\<img\> \| \`x\` \@all" in said
    assert "<img>" not in said
