"""`PolicyService` over real gRPC, asked by the client: list, get, explain, evaluate, reload."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from support.policy_texts import HEAD, RULES, TEAM, put

from assize.errors import InvalidRequest, NotFound, ReasonCode
from assize.model.effects import Decision, Effect, EffectKind, FileState, FileType
from assize.model.policies import ApprovalTerms, LayerKind, PolicyReload
from assize.policies import PolicyClient
from assize.v1 import policy_pb2_grpc
from assize_server.policies.live import LivePolicies
from assize_server.policies.load import PolicySet
from assize_server.rpc.policies import MOST_EFFECTS, PolicyService

ORG = HEAD[: HEAD.index("static:")] + "static:\n  fail: []\n  hold: []\n  warn: []\n" + RULES
PAYMENTS = TEAM.replace("static: {fail: [deletion], warn: [sql]}\n", "")

T = TypeVar("T")


class Asked:
    """A service of its own, and a client of it."""

    def __init__(self, client: PolicyClient, policies: LivePolicies, folder: Path) -> None:
        self.client = client
        self.policies = policies
        self.folder = folder

    async def ask(self, question: Callable[[PolicyClient], T]) -> T:
        """Ask in a thread, since the service runs in this one."""
        return await asyncio.to_thread(question, self.client)


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    """Give a service over one org file and one of a team's."""
    policies = LivePolicies(put(tmp_path, ORG, PAYMENTS))
    async for channel in channels(policies, tmp_path):
        yield Asked(PolicyClient(channel, timeout_seconds=30), policies, tmp_path)


async def channels(policies: PolicySet, folder: Path) -> AsyncIterator[grpc.Channel]:
    """Serve policies on a socket, and give a channel to it."""
    server = grpc.aio.server()
    policy_pb2_grpc.add_PolicyServiceServicer_to_server(PolicyService(policies), server)
    address = f"unix://{folder}/policies.sock"
    server.add_insecure_port(address)
    await server.start()
    with grpc.insecure_channel(address) as channel:
        yield channel
    await server.stop(0)


def written(path: str, size: int = 1) -> Effect:
    """Return the effect of writing a file."""
    return Effect(EffectKind.FS_WRITE, path, after=FileState(FileType.FILE, 0o644, size))


async def test_policies_are_listed_with_the_digest_of_all_their_layers(asked: Asked) -> None:
    """What a verdict will carry."""
    listed = await asked.ask(lambda client: client.list())
    assert {each.name: each.digest for each in listed} == {
        policy.name: policy.digest for policy in asked.policies
    }


async def test_policy_is_shown_as_written_and_as_it_holds(asked: Asked) -> None:
    """Source, effective text, and what it is made of."""
    shown = await asked.ask(lambda client: client.get("payments"))
    assert shown.source == PAYMENTS
    assert "wall_seconds: 10" in shown.effective
    assert shown.summary.digest in shown.effective
    assert [(each.kind, each.name) for each in shown.layers] == [
        (LayerKind.ORG, "default"),
        (LayerKind.TEAM, "payments"),
    ]
    assert (await asked.ask(lambda client: client.get())).source == ORG


async def test_explanation_tells_layers_and_all_rules_that_match(asked: Asked) -> None:
    """Which rule decided, in which layer, and which others are about it."""
    found = await asked.ask(lambda client: client.explain(written("ledger/a"), "payments"))
    assert (found.decision.decision, found.decision.rule) == (Decision.HOLD, "PAY-1")
    assert found.decision.layer.kind is LayerKind.TEAM
    assert found.decision.approval == ApprovalTerms(("security",), 2, 300)
    assert [(each.decision, each.rule) for each in found.layers] == [
        (Decision.ALLOW, "ORG-1"),
        (Decision.HOLD, "PAY-1"),
    ]
    assert [(each.rule, each.why, each.decides) for each in found.matched] == [
        ("ORG-1", "Ordinary files.", True),
        ("PAY-1", "Ledgers are read by others.", True),
    ]


async def test_evaluation_weighs_a_run_as_a_whole(asked: Asked) -> None:
    """Budgets count, and the order of the answer is that of the question."""
    effects = [written(f"{9 - index}", size=100) for index in range(10)]
    found = await asked.ask(lambda client: client.evaluate(effects))
    assert (found.decision, found.approval) == (Decision.ALLOW, None)
    found = await asked.ask(lambda client: client.evaluate([*effects, written("z")]))
    assert (found.decision, found.approval) == (Decision.HOLD, ApprovalTerms(("owners",), 1, 900))
    assert [each.effect for each in found.effects] == [*effects, written("z")]
    assert [each.decision for each in found.effects].count(Decision.HOLD) == 1
    assert (found.effects[-1].rule, found.policy.name) == ("ORG-1", "default")


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/./b"])
async def test_path_that_no_effect_can_have_is_refused_by_field(asked: Asked, path: str) -> None:
    """It would be weighed as something it is not."""
    with pytest.raises(InvalidRequest) as caught:
        await asked.ask(lambda client: client.evaluate([written("a"), written(path)]))
    assert [each.field for each in caught.value.violations] == ["effects[1].path"]


async def test_rename_without_its_source_is_refused_by_field(asked: Asked) -> None:
    """It is weighed at both paths."""
    moved = replace(written("a"), kind=EffectKind.FS_RENAME)
    with pytest.raises(InvalidRequest) as caught:
        await asked.ask(lambda client: client.explain(moved))
    assert [each.field for each in caught.value.violations] == ["effect.source"]


async def test_more_effects_than_a_question_may_have_are_refused(asked: Asked) -> None:
    """Weighing is bounded."""
    effects = [written("a")] * (MOST_EFFECTS + 1)
    with pytest.raises(InvalidRequest) as caught:
        await asked.ask(lambda client: client.evaluate(effects))
    assert caught.value.reason == ReasonCode.TOO_LARGE


async def test_unknown_policy_is_not_found(asked: Asked) -> None:
    """Whatever is asked of it; nothing falls back to another policy."""
    for question in (
        lambda client: client.get("none"),
        lambda client: client.explain(written("a"), "none"),
        lambda client: client.evaluate([], "none"),
    ):
        with pytest.raises(NotFound, match="there is no policy 'none'"):
            await asked.ask(question)


async def test_reload_takes_what_is_right_and_tells_what_is_wrong(asked: Asked) -> None:
    """A bad file keeps the old policies, and the caller is told its line."""
    put(asked.folder, ORG.replace("pids: 64", "pids: 32"), PAYMENTS)
    changed = await asked.ask(lambda client: client.reload())
    assert changed == PolicyReload(changed=("default", "payments"))
    before = asked.policies["default"]
    put(asked.folder, ORG.replace("pids: 64", "pids: 1"), PAYMENTS)
    with pytest.raises(InvalidRequest, match=r"limits\.pids: input should be") as caught:
        await asked.ask(lambda client: client.reload())
    assert caught.value.reason == ReasonCode.POLICIES_NOT_RELOADED
    assert caught.value.violations[0].description.startswith("default.yaml:10:3: limits.pids")
    assert asked.policies["default"] is before


async def test_service_over_fixed_policies_says_that_it_cannot_reload(asked: Asked) -> None:
    """It never answers as if it had."""
    folder = asked.folder / "fixed"
    folder.mkdir()
    async for channel in channels(asked.policies.snapshot(), folder):
        client = PolicyClient(channel, timeout_seconds=30)
        with pytest.raises(InvalidRequest, match="start it anew"):
            await asyncio.to_thread(client.reload)
