"""RoleTools: the read-only tools as one task has them."""

from collections.abc import Callable

from gitswarm.model import ToolCall
from gitswarm.model.conversation import ToolAnswer
from gitswarm.plan.roles import Role

Answer = Callable[[ToolCall], ToolAnswer]


class RoleTools:
    """Answers the tools of the role and refuses the rest, which every request offers all the same:
    the tools are part of the prefix that all agents share."""

    def __init__(self, role: Role, answer: Answer) -> None:
        self._role = role
        self._answer = answer

    def read_with(self, answer: Answer) -> None:
        """Answer with other tools from now on: those of a later commit."""
        self._answer = answer

    def answer(self, call: ToolCall) -> ToolAnswer:
        tools = self._role.tools
        if tools is None or call.name in tools:
            return self._answer(call)
        told = f"The role {self._role.name} may not use {call.name}. {allowed(self._role)}"
        return ToolAnswer(told, is_error=True)


def allowed(role: Role) -> str:
    """Which tools the role may use, as a sentence; empty where it may use all."""
    if role.tools is None:
        return ""
    if not role.tools:
        return "Your role uses no tools."
    return f"Of the tools, your role uses only {', '.join(sorted(role.tools))}."
