"""Loading a manifest: one or several files in, one value or all of their problems out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from immutabledict import immutabledict

from xacct.account import Account, AccountSpec
from xacct.errors import BadUsage
from xacct.manifest.loading.build import Builder, build_account, tables
from xacct.manifest.loading.checks import build_checks
from xacct.manifest.loading.fields import items_of
from xacct.manifest.loading.files import Disk, Files, Revision
from xacct.manifest.loading.rules import check
from xacct.manifest.loading.schema import Fault, TreePath, check_shape
from xacct.manifest.loading.secrets import endpoint_problems
from xacct.manifest.loading.sound import sound
from xacct.manifest.loading.tree import Node, Scalar, Table, parse_tree
from xacct.manifest.loading.written import read_document
from xacct.manifest.model import (
    BucketSpec,
    Checks,
    GroupSpec,
    Limits,
    LinkSpec,
    Manifest,
    Removed,
    RoleSpec,
    UserSpec,
    WrittenDocument,
)
from xacct.problem import BadInput, Place, Problem, errors

Made = TypeVar("Made")
_MOST_FILES = 1000


def load_manifest(paths: Sequence[str | Path], files: Files | None = None) -> Manifest:
    """One manifest from files, folders of them, and what they include.

    Raises:
        BadInput: with every problem of every file, in the order of files and places.
    """
    return _Loading(files or Disk()).load([Path(path) for path in paths])


def load_earlier(
    word: str, paths: Sequence[str | Path], through: Callable[[Files], Files] = lambda files: files
) -> Manifest:
    """The earlier manifest: a file or a folder, or a Git revision of the files in ``paths``.

    ``through`` may wrap the place that its files are read from.

    Raises:
        BadUsage: the word is neither.
        BadInput: what it names has problems.
    """
    if Path(word).exists():
        return load_manifest([word], through(Disk()))
    revision = Revision(word)
    if not revision.known(Path(paths[0]).absolute()):
        raise BadUsage(
            f'"{word}" is neither a file nor a Git revision here',
            fix="Name the earlier manifest's file, or a revision such as HEAD~1.",
        )
    return load_manifest([Path(path).absolute() for path in paths], through(revision))


class _Loading:
    """The files of one manifest on their way to a value."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.problems: list[Problem] = []
        self.trees: dict[str, tuple[Path, Table, list[Fault]]] = {}
        self.spoiled: set[Place] = set()

    def load(self, paths: Sequence[Path]) -> Manifest:
        """The whole way."""
        for path in paths:
            self._open(path)
        manifest = self._manifest()
        if manifest is not None:
            self.problems += check(manifest, frozenset(self.spoiled), whole=not errors(self.problems))
        self.problems.sort(key=lambda problem: _order(problem, list(self.trees)))
        if errors(self.problems) or manifest is None:
            raise BadInput(self.problems)
        return replace(manifest, warnings=tuple(self.problems))

    def _open(self, path: Path) -> None:
        inside = self.files.folder(path)
        if inside is None:
            self._file(path)
            return
        if not inside:
            self._wrong("Empty folder", f"{path} holds no .yaml file.", "Name another.", Place(str(path)))
        for file in inside:
            self._file(file)

    def _file(self, path: Path) -> None:
        name = str(path)
        if name in self.trees or len(self.trees) >= _MOST_FILES:
            return
        try:
            text = self.files.text(path)
        except BadInput as found:
            self.problems += found.problems
            return
        node, problems = parse_tree(text, name)
        self.problems += problems
        if node is None:
            if not problems:
                self._wrong("Empty file", f"{name} is empty.", "Begin with version: 1.", Place(name))
            return
        shape = check_shape(node)
        self.problems += [fault.problem for fault in shape]
        if not isinstance(node, Table):
            return
        self.trees[name] = (path, node, shape)
        for item in items_of(node.members.get("include")):
            if isinstance(item, Scalar) and isinstance(item.value, str):
                self._open(path.parent / item.value)

    def _manifest(self) -> Manifest | None:
        name = self._name()
        specs = self._accounts()
        accounts = {key: spec.account for key, spec in specs.items()}
        parts = _Parts()
        for path, tree, faults in self.trees.values():
            self._sections(path, tree, faults, accounts, parts)
        if name is None:
            return None
        self._clashes(parts)
        return Manifest(
            name=name,
            accounts=immutabledict(specs),
            roles=immutabledict({str(spec.name): spec for spec in parts.roles}),
            groups=immutabledict({str(spec.name): spec for spec in parts.groups}),
            users=immutabledict({str(spec.name): spec for spec in parts.users}),
            buckets=immutabledict({str(spec.name): spec for spec in parts.buckets}),
            links=immutabledict({spec.name: spec for spec in parts.links}),
            removed=tuple(parts.removed),
            limits=parts.limits or Limits(),
            checks=parts.checks,
            files=tuple(self.trees),
        )

    def _name(self) -> str | None:
        found: list[tuple[str, Place]] = []
        for _, tree, faults in self.trees.values():
            node = tree.members.get("name")
            if isinstance(node, Scalar) and not any(fault.path == ("name",) for fault in faults):
                found.append((node.text, tree.keys["name"]))
        if not found and self.trees:
            first = next(iter(self.trees.values()))[1]
            if not any("name" in tree.members for _, tree, _ in self.trees.values()):
                self._wrong(
                    "No name",
                    "No file has a name:, and the name marks everything the manifest makes.",
                    "Add name: to exactly one of the files.",
                    first.place,
                )
        for name, place in found[1:]:
            self._wrong(
                "Two names",
                f'"{name}" is a second name; the manifest is already called "{found[0][0]}" at {found[0][1]}.',
                "Keep one; the other files are fragments.",
                place,
            )
        return found[0][0] if found else None

    def _accounts(self) -> dict[str, AccountSpec]:
        found: dict[str, AccountSpec] = {}
        for _, tree, faults in self.trees.values():
            faulty = {fault.path[:2] for fault in faults}
            for name, place, table in tables(tree.members.get("accounts")):
                given = table.members.get("id")
                self.problems += endpoint_problems(name, table)
                if name in found:
                    self._twice("account", name, place, found[name].place)
                elif ("accounts", name) in faulty:
                    # The names in other sections still refer to it; an id nobody has keeps them readable.
                    account = Account(name=name, id=given.text if isinstance(given, Scalar) else "")
                    found[name] = replace(build_account(name, Table({}, place)), account=account, place=place)
                    self._sources(name, table)
                else:
                    found[name] = replace(build_account(name, table), place=place)
                    self._sources(name, table)
        return found

    def _sources(self, name: str, table: Table) -> None:
        given = [key for key in ("profile", "enter", "environment") if key in table.members]
        for key in given[1:]:
            self._wrong(
                "Two sources of credentials",
                f'Account "{name}" has {given[0]} and {key}; only one of them could be used.',
                "Keep one.",
                table.keys[key],
            )

    def _sections(
        self, path: Path, tree: Table, faults: list[Fault], accounts: dict[str, Account], parts: _Parts
    ) -> None:
        def document(node: Node) -> WrittenDocument | None:
            return read_document(node, path.parent, self.files, self.problems)

        def judged(
            at: TreePath, place: Place, make: Callable[[Table], Made | None], table: Table
        ) -> Made | None:
            """What an entry says; where its shape is wrong in part, the rest of it is judged all the same."""
            own = near[at]
            before = len(self.problems)
            made = make(sound(table, [fault.path[len(at) :] for fault in own if fault.spoils]))
            if own or errors(self.problems[before:]):
                self.spoiled.add(place)
            return made

        near: dict[TreePath, list[Fault]] = defaultdict(list)
        for fault in faults:
            for beginning in {fault.path[:1], fault.path[:2]}:
                near[beginning].append(fault)
        builder = Builder(accounts, document, self.problems)
        for section, build, into in (
            ("roles", builder.role, parts.roles),
            ("groups", builder.group, parts.groups),
            ("users", builder.user, parts.users),
            ("buckets", builder.bucket, parts.buckets),
        ):
            for name, place, table in tables(tree.members.get(section)):
                made = judged((section, name), place, partial(build, name, place), table)
                if made is not None:
                    into.append(made)  # type: ignore[arg-type]  # each list goes with its maker
        for number, item in enumerate(items_of(tree.members.get("links"))):
            if isinstance(item, Table):
                link = judged(("links", number), item.place, builder.link, item)
                if link is not None:
                    parts.links.append(link)
        wrong = {fault.path for fault in faults}
        for number, item in enumerate(items_of(tree.members.get("removed"))):
            if ("removed", number) not in wrong and isinstance(item, Scalar):
                gone = builder.removed(item)
                if gone is not None:
                    parts.removed.append(gone)

        checks = tree.members.get("checks")
        if isinstance(checks, Table):
            parts.checks += build_checks(builder, checks)
        if isinstance(given := tree.members.get("limits"), Table):
            place = tree.keys["limits"]
            limits = judged(("limits",), place, builder.limits, given)
            assert limits is not None
            self._limits(limits, parts, place)

    def _limits(self, limits: Limits, parts: _Parts, place: Place) -> None:
        """Limits stand in one file, so that nobody has to search for the one that counts."""
        if parts.limits is not None:
            self._wrong(
                "Limits in two files",
                f"Limits are set at {parts.limits.place} already; which of the two counted would be a guess.",
                "Put them into one file.",
                place,
            )
            return
        parts.limits = limits

    def _clashes(self, parts: _Parts) -> None:
        """Equal names in different files; within one file the tree has found them already."""
        for word, specs in (
            ("role", parts.roles),
            ("group", parts.groups),
            ("user", parts.users),
            ("bucket", parts.buckets),
            ("link", parts.links),
        ):
            seen: dict[str, Place | None] = {}
            for spec in specs:
                name = str(spec.name)
                if name in seen:
                    self._twice(word, name, spec.place, seen[name])
                else:
                    seen[name] = spec.place

    def _twice(self, word: str, name: str, place: Place | None, first: Place | None) -> None:
        fix = "Give one of the two a name: of its own." if word == "link" else "Take one of the two out."
        self._wrong("Declared twice", f'The {word} "{name}" is declared at {first} already.', fix, place)

    def _wrong(self, summary: str, detail: str, fix: str, place: Place | None) -> None:
        self.problems.append(Problem(summary=summary, detail=detail, fix=fix, place=place))


@dataclass(slots=True)
class _Parts:
    """The specs of all files, in their order."""

    roles: list[RoleSpec] = field(default_factory=list)
    groups: list[GroupSpec] = field(default_factory=list)
    users: list[UserSpec] = field(default_factory=list)
    buckets: list[BucketSpec] = field(default_factory=list)
    links: list[LinkSpec] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    limits: Limits | None = None
    checks: Checks = field(default_factory=Checks)


def _order(problem: Problem, files: list[str]) -> tuple[int, str, int, int]:
    place = problem.place
    if place is None:
        return (len(files) + 1, "", 0, 0)
    rank = files.index(place.file) if place.file in files else len(files)
    return (rank, place.file, place.line, place.column)
