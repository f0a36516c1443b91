"""Asks every call for its credential, and says who calls.

One listener has one `Authentication`: which roles it takes at all, and which of them single
services take. Health and reflection are open to anybody who reaches the listener.

Fails closed: a service that no rule names is open to the listener's roles and to nobody else, and
a call with two credentials has none.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import grpc

from assize.errors import ReasonCode
from assize.model.callers import ANONYMOUS, Caller, Role
from assize_server.access.callers import set_caller
from assize_server.access.credentials import Credentials
from assize_server.rpc.refusal import refuse

HEADER: Final = "authorization"
SCHEME: Final = "bearer"
OPEN: Final = ("/grpc.health.v1.Health/", "/grpc.reflection.")
"""Beginnings of the methods that need no credential."""

ORDINARY: Final = frozenset({Role.SUBMITTER, Role.AUDITOR})
"""Who may reach the ordinary listener."""
APPROVALS: Final = frozenset({Role.APPROVER})
"""Who may reach the listener of approvals."""
SERVICE_ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "assize.v1.AuditService": frozenset({Role.AUDITOR}),
    "assize.v1.PolicyService/ReloadPolicies": frozenset({Role.AUDITOR}),
    "assize.v1.VerificationService": frozenset({Role.SUBMITTER}),
    "assize.v1.CandidateService": frozenset({Role.SUBMITTER}),
    "assize.v1.WorkspaceService": frozenset({Role.SUBMITTER}),
}
"""Services, and single methods, that not all roles of their listener may use."""

_KINDS: Final = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call may not be made."""

    code: grpc.StatusCode
    """How gRPC calls it."""
    reason: ReasonCode
    """How we call it."""
    message: str
    """What to do."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may do what on one listener."""

    credentials: Credentials | None
    """Everybody who may call; None: whoever reaches the listener, as `anonymous`."""
    roles: frozenset[Role] = ORDINARY
    """Who may reach it."""
    services: Mapping[str, frozenset[Role]] = field(default_factory=lambda: SERVICE_ROLES)
    """Services, or methods, by their full names, which only these of `roles` may use."""

    def judge(self, method: str, metadata: Any) -> Caller | Refused:
        """Return who calls, or why they may not. `method` reads `/package.Service/Method`."""
        if self.credentials is None:
            return ANONYMOUS
        token = _token(metadata)
        caller = self.credentials.caller_of(token) if token else None
        if caller is None:
            return _unknown(given=token is not None)
        path = method.strip("/")
        allowed = self.services.get(path.partition("/")[0], self.roles)
        if caller.role not in self.roles & self.services.get(path, allowed):
            text = f"{caller.name} has the role {caller.role.value}, which may not call {method}"
            return Refused(grpc.StatusCode.PERMISSION_DENIED, ReasonCode.FORBIDDEN, text)
        return caller


class Authentication(grpc.aio.ServerInterceptor):  # type: ignore[misc,name-defined,unused-ignore]
    """Lets calls through whose caller is known and may make them. Goes before all others."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Wrap the handler: it answers as the caller, or refuses."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.startswith(OPEN):
            return handler
        judged = self._rules.judge(method, handler_call_details.invocation_metadata)
        if isinstance(judged, Refused):
            return grpc.stream_stream_rpc_method_handler(_refusing(judged))
        kind = next(each for each in _KINDS if getattr(handler, each) is not None)
        inner = getattr(handler, kind)
        wrap = _streaming if handler.response_streaming else _single
        # The handler is a named tuple, which its type stub does not say.
        return cast("Any", handler)._replace(**{kind: wrap(inner, judged)})


def _refusing(judged: Refused) -> Any:
    """Return what ends a call of whatever kind.

    SECURITY: it takes a stream, so that no message of somebody unknown is received or parsed.
    """

    async def answer(_requests: object, context: Any) -> None:
        await refuse(context, judged.code, judged.reason, judged.message)

    return answer


def _single(inner: Any, caller: Caller) -> Any:
    async def answer(request: object, context: Any) -> object:
        set_caller(caller)
        return await inner(request, context)

    return answer


def _streaming(inner: Any, caller: Caller) -> Any:
    async def answer(request: object, context: Any) -> Any:
        set_caller(caller)
        async for response in inner(request, context):
            yield response

    return answer


def _token(metadata: Any) -> str | None:
    """Return the bearer token of a call; empty if what it has is none, None if it has nothing."""
    values = [value for name, value in metadata or () if name.lower() == HEADER]
    if not values:
        return None
    scheme, _, token = str(values[0]).partition(" ")
    return token.strip() if len(values) == 1 and scheme.lower() == SCHEME else ""


def _unknown(*, given: bool) -> Refused:
    text = (
        "the service does not know this credential"
        if given
        else "this service asks for a credential: set ASSIZE_TOKEN or ASSIZE_TOKEN_FILE, as an "
        "approver ASSIZE_APPROVALS_TOKEN"
    )
    return Refused(grpc.StatusCode.UNAUTHENTICATED, ReasonCode.UNAUTHENTICATED, text)
