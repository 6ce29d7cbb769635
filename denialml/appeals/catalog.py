"""The letter templates on disk: read, checked before use, and chosen.

A template is content that operators own: a folder with `template.toml` (what it is
for, what evidence and facts it needs) and `letter.html.j2` (the wording). It is
checked when it is loaded: only declared names, listed filters, no arithmetic, no
calls but macros. It renders in an immutable sandbox with undefined names as errors.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    Undefined,
    nodes,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

import denialml
from denialml.appeals.declared_context import DECLARED_NAMES
from denialml.appeals.markup import TemplateFault
from denialml.appeals.template_needs import EvidenceNeeds, FactNeeds, UnansweredGround
from denialml.appeals.values import Value
from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause, Route
from denialml.domain.record import Fact

ALLOWED_FILTERS = frozenset({"length", "first", "last"})
ALLOWED_TESTS = frozenset({"defined", "none"})
ALLOWED_FUNCTIONS = frozenset({"caller", "super"})
_REFUSED_NODES = (
    *(nodes.Mul, nodes.Pow, nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv),
    *(nodes.Mod, nodes.Concat, nodes.ExprStmt, nodes.Slice),
)
_FROM_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
LETTER_LIMIT_CHARACTERS = 200_000


class TemplateSpecification(Fact, frozen=True):
    """`template.toml`. Grain: template.

    `root_causes` and `payer_types` empty mean any. `next_step` says what to do where
    an essential document or fact is not on file. `topics` are what authorities may be
    cited for. `quotes` are the labels of note lines that may be quoted. `literals` are
    the numbers that the template's own wording may contain.
    """

    id: str
    version: str
    subject: str
    form: Literal["letter", "cover"]
    routes: tuple[Route, ...]
    next_step: str
    root_causes: tuple[RootCause, ...] = ()
    payer_types: tuple[PayerType, ...] = ()
    topics: tuple[str, ...] = ()
    evidence: EvidenceNeeds = EvidenceNeeds()
    facts: FactNeeds = FactNeeds()
    unanswered: tuple[UnansweredGround, ...] = ()
    quotes: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()


class Catalog:
    """Every letter template of one directory, checked.

    Parameters: the directory holds `_shared/`, one folder per template and
    optionally ``payers/<payer_id>/<template>/letter.html.j2``, which replaces the
    wording for one payer. Raises TemplateFault where any of them breaks the contract.
    """

    def __init__(self, directory: Path, *, declared: frozenset[str]) -> None:
        self._directory = directory
        self._declared = declared
        self._environments: dict[str, ImmutableSandboxedEnvironment] = {}
        self.specifications = tuple(
            _read_specification(path)
            for path in sorted(directory.glob("*/template.toml"))
        )
        frame = tomllib.loads((directory / "_shared/frame.toml").read_text("utf-8"))
        self.literals: tuple[str, ...] = tuple(frame["literals"])
        for path in sorted(directory.rglob("*.j2")):
            self._check(path)

    def choose(
        self, root_cause: RootCause | None, route: Route, *, payer_type: PayerType
    ) -> TemplateSpecification | None:
        """The most specific template for this cause, route and type of plan."""
        fitting = [
            one
            for one in self.specifications
            if route in one.routes
            and (not one.root_causes or root_cause in one.root_causes)
            and (not one.payer_types or payer_type in one.payer_types)
        ]
        fitting.sort(key=lambda one: (not one.root_causes, not one.payer_types, one.id))
        return fitting[0] if fitting else None

    def named(self, template: str) -> TemplateSpecification | None:
        """The template with that id."""
        found = [one for one in self.specifications if one.id == template]
        return found[0] if found else None

    def render(
        self,
        specification: TemplateSpecification,
        context: dict[str, Any],
        *,
        payer_id: str = "",
    ) -> str:
        """The letter's markup. Raises TemplateFault; its message holds no values."""
        template = self._template(specification.id, payer_id)
        markup, length = [], 0
        try:
            for chunk in template.generate(context):
                length += len(chunk)
                if length > LETTER_LIMIT_CHARACTERS:
                    raise TemplateFault(f"{specification.id}: the letter is too long")
                markup.append(chunk)
        except TemplateError as fault:
            raise TemplateFault(f"{specification.id}: {fault}") from None
        return "".join(markup)

    def _template(self, template: str, payer_id: str) -> Template:
        overrides = self._directory / "payers" / payer_id
        known = payer_id if payer_id.isalnum() and overrides.is_dir() else ""
        if known not in self._environments:
            roots = [overrides] if known else []
            loaders: list[BaseLoader] = [
                FileSystemLoader(root) for root in (*roots, self._directory)
            ]
            self._environments[known] = letter_environment(ChoiceLoader(loaders))
        return self._environments[known].get_template(f"{template}/letter.html.j2")

    def _check(self, path: Path) -> None:
        source = path.read_text("utf-8")
        place = path.relative_to(self._directory).as_posix()
        try:
            tree = letter_environment(None).parse(source, name=place)
        except TemplateError as fault:
            raise TemplateFault(f"{place}: {fault}") from None
        check_template(tree, declared=self._declared, place=place)


def letter_environment(loader: BaseLoader | None) -> ImmutableSandboxedEnvironment:
    """The sandbox that letters render in: escaping, no globals, values only."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_sourced,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.clear()
    for name in set(environment.filters) - ALLOWED_FILTERS:
        del environment.filters[name]
    for name in set(environment.tests) - ALLOWED_TESTS:
        del environment.tests[name]
    return environment


def _sourced(printed: object) -> object:
    """Only a value with its sources, or finished markup, may reach the letter."""
    if isinstance(printed, Value | Markup | Undefined):
        return printed
    kind = "nothing (None)" if printed is None else type(printed).__name__
    raise TemplateFault(f"a template prints {kind} where it needs a sourced value")


def check_template(
    tree: nodes.Template, *, declared: frozenset[str], place: str
) -> None:
    """Refuse what a letter has no use for; see the module's first lines."""
    allowed = declared | ALLOWED_FUNCTIONS | {"loop"} | _bound_names(tree)
    for node in tree.find_all(nodes.Node):
        fault = ""
        if isinstance(node, _REFUSED_NODES):
            fault = f"{type(node).__name__} is not allowed"
        elif isinstance(node, nodes.Filter) and node.name not in ALLOWED_FILTERS:
            fault = f"filter {node.name} is not allowed"
        elif isinstance(node, nodes.Test) and node.name not in ALLOWED_TESTS:
            fault = f"test {node.name} is not allowed"
        elif isinstance(node, nodes.Name) and node.name not in allowed:
            fault = f"{node.name} is not in the declared context"
        elif isinstance(node, nodes.Call) and not isinstance(node.node, nodes.Name):
            fault = "only macros may be called"
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            fault = f"attribute {node.attr} is not allowed"
        elif isinstance(node, _FROM_ELSEWHERE):
            fault = "" if _is_shared(node) else "only _shared/ may be imported"
        if fault:
            raise TemplateFault(f"{place}:{node.lineno}: {fault}")


def _is_shared(node: nodes.Node) -> bool:
    name = getattr(node, "template", None)
    return isinstance(name, nodes.Const) and str(name.value).startswith("_shared/")


def _bound_names(tree: nodes.Template) -> set[str]:
    """Names that the template itself binds: loops, sets, macros, imports."""
    bound = {n.name for n in tree.find_all(nodes.Name) if n.ctx in ("store", "param")}
    for macro in tree.find_all(nodes.Macro):
        bound.add(macro.name)
    for imported in tree.find_all(nodes.FromImport):
        bound |= {n if isinstance(n, str) else n[1] for n in imported.names}
    return bound


def _read_specification(path: Path) -> TemplateSpecification:
    place = f"{path.parent.name}/template.toml"
    try:
        specification = msgspec.convert(
            tomllib.loads(path.read_text("utf-8")), TemplateSpecification
        )
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise TemplateFault(f"{place}: {fault}") from None
    if specification.id != path.parent.name:
        raise TemplateFault(f"{place}: id must be the folder's name")
    return specification


def template_directory() -> Path:
    """Where denialml's own templates are: in the installed package or the checkout."""
    package = Path(denialml.__file__).parent
    installed = package / "_appeal_templates"
    return installed if installed.is_dir() else package.parent / "appeal_templates"


@cache
def packaged_catalog() -> Catalog:
    """denialml's own templates, loaded once."""
    return Catalog(template_directory(), declared=DECLARED_NAMES)
