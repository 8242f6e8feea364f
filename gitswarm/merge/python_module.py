"""PythonModule: what a Python file defines, and what it uses of itself and of others.

Only what is certain without running anything: of a name that is bound twice, or under a condition,
it is known that it is there and no more.
"""

import ast
import builtins
import inspect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter

from gitswarm.merge.syntax import parse_python


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call passes."""

    positional: int
    keywords: tuple[str, ...]

    def refused_by(self, signature: inspect.Signature) -> str | None:
        """Why a function cannot be called like this, in Python's words; None where it can."""
        try:
            signature.bind(*[None] * self.positional, **dict.fromkeys(self.keywords))
        except TypeError as error:
            return str(error)
        return None


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a file calls or imports."""

    target: str
    """`pkg.store.save`, or `.store.save` with the dots of a relative import; within the file
    itself only what follows the module: `save`, `Store.put`."""
    is_local: bool
    is_call: bool
    arguments: Arguments | None = None
    """None where they are not known: `*` or `**`, or an import."""


@dataclass(frozen=True, slots=True)
class PythonModule:
    signatures: Mapping[str, inspect.Signature | None]
    """What is there by name, methods as `Class.method` without their first parameter; None where
    it is not known how to call it."""
    closed: frozenset[str]
    """The classes, and `""` for the module, that have no names but those."""
    uses: Mapping[Use, int]
    """With the line, from 1, of the first."""

    def lacks(self, name: str) -> bool:
        """Whether a name is certainly not there."""
        if name in self.signatures:
            return False
        owner = name.rpartition(".")[0]
        return owner in self.closed or (owner != "" and self.lacks(owner))


UNKNOWN = PythonModule({}, frozenset(), {})
"""A file of which nothing is known: it lacks nothing for certain."""


def read_module(data: bytes) -> PythonModule:
    """What a file's text says; `UNKNOWN` where it does not parse."""
    try:
        tree = parse_python(data)
        names = _Names(tree)
        return PythonModule(_signatures(tree, names), _closed(tree, names), _uses(tree, names))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return UNKNOWN


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef


class _Names:
    """Every place of a file that binds a name, whatever its scope."""

    def __init__(self, tree: ast.Module) -> None:
        self.bound: Counter[str] = Counter()
        self.imported: dict[str, str] = {}
        """Names that stand for a module or for something in one, and what that is."""
        self.attributes: set[str] = set()
        """The attributes that are assigned to, on whatever object."""
        self.is_dynamic = False
        """Whether names may come into the file that are not written in it."""
        self._instances: dict[str, list[str]] = defaultdict(list)
        for node in ast.walk(tree):
            self._read(node)
        self.defined = {
            node.name
            for node in tree.body
            if isinstance(node, _Definition) and self.bound[node.name] == 1
        }
        """What is defined at the top of the file, and nowhere else bound."""

    def _read(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                self.bound[name] += 1
            case ast.Name(id="exec" | "globals" | "setattr" | "vars"):
                self.is_dynamic = True
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
                self.attributes.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.bound[node.name] += 1
                self.is_dynamic |= node.name == "__getattr__"
            case ast.arg(arg=name, annotation=annotation):
                self.bound[name] += 1
                self._instances[name].append(_dotted(annotation))
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                self.bound[name] += 1
            case ast.Import():
                for alias in node.names:
                    first = alias.name.partition(".")[0]
                    self._bind_import(alias.asname or first, alias.name if alias.asname else first)
            case ast.ImportFrom():
                for alias in node.names:
                    self.is_dynamic |= alias.name == "*"
                    self._bind_import(alias.asname or alias.name, _origin(node, alias))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)):
                self._instances[name].append(_dotted(function))

    def _bind_import(self, name: str, origin: str) -> None:
        """The same import in several functions is one."""
        self.bound[name] += self.imported.get(name) != origin
        self.imported[name] = origin

    def reach(self, dotted: str) -> tuple[str, bool] | None:
        """What a dotted name leads to, and whether that is in this file; None where it could be
        several things."""
        first, dot, rest = dotted.partition(".")
        if self.bound[first] == 1 and first in self.imported:
            return self.imported[first] + dot + rest, False
        if first in self.defined or (not self.bound[first] and first not in _BUILTINS):
            return dotted, True
        return None

    def class_of(self, name: str) -> str:
        """The class, as written, of which every binding of a name is an instance; else empty."""
        classes = self._instances.get(name, [])
        is_all = len(classes) == self.bound[name] and len({*classes}) == 1
        return classes[0] if is_all else ""


_BUILTINS = frozenset(dir(builtins))


def _dotted(node: ast.AST | None) -> str:
    """`a.b.c` of a name or a chain of attributes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := _dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def _origin(node: ast.ImportFrom, alias: ast.alias) -> str:
    module = "." * node.level + (node.module or "")
    return module + ("" if module.endswith(".") else ".") + alias.name


# What is defined


def _signatures(tree: ast.Module, names: _Names) -> dict[str, inspect.Signature | None]:
    found: dict[str, inspect.Signature | None] = dict.fromkeys(_bound_in(tree.body))
    for node in tree.body:
        if not isinstance(node, _Definition) or node.name not in names.defined:
            continue
        if not isinstance(node, ast.ClassDef):
            found[node.name] = _signature(node)
            continue
        found[node.name] = _constructor(node)
        members = Counter(_bound_in(node.body))
        found |= dict.fromkeys(f"{node.name}.{name}" for name in (*members, *names.attributes))
        for member in node.body:
            if not isinstance(member, _Function) or member.name in names.attributes:
                continue
            if members[member.name] == 1:
                found[f"{node.name}.{member.name}"] = _signature(member, is_method=True)
    return found


def _closed(tree: ast.Module, names: _Names) -> frozenset[str]:
    if names.is_dynamic:
        return frozenset()
    classes = (
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and node.name in names.defined
        and not (node.bases or node.keywords)
        and all(_is_dataclass(decorator) for decorator in node.decorator_list)
    )
    return frozenset(("", *classes))


def _bound_in(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The names that a block binds in its own scope, as often as it does."""
    pending: list[ast.AST] = [*body]
    while pending:
        node = pending.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
                continue
            case ast.Lambda():
                continue
            case ast.Import() | ast.ImportFrom():
                yield from (one.asname or one.name.partition(".")[0] for one in node.names)
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name
        pending += ast.iter_child_nodes(node)


_SAME_CALL = {
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "classmethod",
    "contextmanager",
    "final",
    "lru_cache",
    "override",
    "staticmethod",
}
"""Decorators after which a function is called as it is written."""


def _decorators(node: _Definition) -> list[str]:
    return [
        _dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2]
        for one in node.decorator_list
    ]


def _signature(node: _Function, *, is_method: bool = False) -> inspect.Signature | None:
    decorators = _decorators(node)
    if not _SAME_CALL.issuperset(decorators):
        return None
    parameters = [*_parameters(node.args)]
    if is_method and "staticmethod" not in decorators:
        if not parameters or parameters[0].kind in (Parameter.VAR_POSITIONAL, _KEYWORD):
            return None
        del parameters[0]
    return inspect.Signature(parameters)


_KEYWORD = Parameter.KEYWORD_ONLY


def _parameters(args: ast.arguments) -> Iterator[Parameter]:
    positional = [*args.posonlyargs, *args.args]
    required = len(positional) - len(args.defaults)
    for index, one in enumerate(positional):
        is_only = index < len(args.posonlyargs)
        kind = Parameter.POSITIONAL_ONLY if is_only else Parameter.POSITIONAL_OR_KEYWORD
        yield Parameter(one.arg, kind, default=Parameter.empty if index < required else None)
    if args.vararg:
        yield Parameter(args.vararg.arg, Parameter.VAR_POSITIONAL)
    for one, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield Parameter(one.arg, _KEYWORD, default=None if default else Parameter.empty)
    if args.kwarg:
        yield Parameter(args.kwarg.arg, Parameter.VAR_KEYWORD)


def _constructor(node: ast.ClassDef) -> inspect.Signature | None:
    """How a class is called, where its own text says so."""
    members = Counter(_bound_in(node.body))
    if node.keywords or members["__new__"] or members["__init__"] > 1:
        return None
    if node.decorator_list:
        return None if node.bases or members["__init__"] else _fields(node)
    for member in node.body:
        if isinstance(member, _Function) and member.name == "__init__":
            return _signature(member, is_method=True)
    return None if node.bases or members["__init__"] else inspect.Signature()


def _is_dataclass(decorator: ast.expr) -> bool:
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _dotted(call) in ("dataclass", "dataclasses.dataclass")


def _fields(node: ast.ClassDef) -> inspect.Signature | None:
    """The constructor of a data class with plain fields only."""
    if len(node.decorator_list) != 1 or not _is_dataclass(node.decorator_list[0]):
        return None
    said = ast.unparse(node)
    if any(word in said for word in ("ClassVar", "InitVar", "KW_ONLY", "kw_only", "init=")):
        return None
    parameters = [
        Parameter(
            member.target.id,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=None if member.value else Parameter.empty,
        )
        for member in node.body
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    ]
    return inspect.Signature(parameters)


# What is used


def _uses(tree: ast.Module, names: _Names) -> dict[Use, int]:
    found: dict[Use, int] = {}
    for use, line in (*_imports(tree), *_calls(tree, names), *_own_methods(tree, names)):
        found[use] = min(line, found.get(use, line))
    return found


def _imports(tree: ast.Module) -> Iterator[tuple[Use, int]]:
    """Only those that run whatever happens: others may be guarded."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Use(_origin(node, alias), is_local=False, is_call=False), node.lineno


def _calls(tree: ast.Module, names: _Names) -> Iterator[tuple[Use, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not (called := _dotted(node.func)):
            continue
        owner, _, method = called.partition(".")
        if (kind := names.class_of(owner)) and method and "." not in method:
            reached, arguments = names.reach(f"{kind}.{method}"), _arguments(node)
        else:
            reached, arguments = names.reach(called), _arguments(node)
            if reached and reached[1] and method:
                arguments = None  # of a class: whether an instance comes first is not known
        if reached:
            target, is_local = reached
            yield Use(target, is_local, is_call=True, arguments=arguments), node.lineno


def _own_methods(tree: ast.Module, names: _Names) -> Iterator[tuple[Use, int]]:
    """What methods call of their own class."""
    for owner in tree.body:
        if not isinstance(owner, ast.ClassDef) or owner.name not in names.defined:
            continue
        for method in owner.body:
            if not isinstance(method, _Function) or not method.args.args:
                continue
            first = method.args.args[0].arg
            if first not in ("self", "cls"):
                continue
            for node in ast.walk(method):
                if isinstance(node, ast.Call) and _dotted(node.func).startswith(f"{first}."):
                    name = _dotted(node.func).partition(".")[2]
                    if "." not in name:
                        arguments = _arguments(node) if first == "self" else None
                        use = Use(f"{owner.name}.{name}", True, True, arguments)
                        yield use, node.lineno


def _arguments(call: ast.Call) -> Arguments | None:
    keywords = [keyword.arg for keyword in call.keywords]
    if None in keywords or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    return Arguments(len(call.args), tuple(sorted(filter(None, keywords))))
