"""INI files of other tools, with the line of every setting; nothing in them is expanded."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass

from xacct.imported.found import is_name, malformed
from xacct.problem import Place, Problem

_HEADER = re.compile(r"\[(?P<name>[^]]+)\]")
_SETTING = re.compile(r"(?P<key>[^=:\s#;][^=:]*?)\s*[=:]")


@dataclass(frozen=True, slots=True)
class Ini:
    """Sections with their settings, and where they stand."""

    file: str
    sections: dict[str, dict[str, str]]
    lines: dict[tuple[str, str], int]

    def place(self, section: str, key: str = "") -> Place:
        """Where a setting, or a section, stands."""
        return Place(self.file, self.lines.get((section, key), 1), 1)


def read_ini(text: str, file: str) -> tuple[Ini, tuple[Problem, ...]]:
    """The file as far as it can be read; its problems name lines and never repeat them."""
    parser = configparser.RawConfigParser(interpolation=None, default_section="\0", strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    problems: list[Problem] = []
    try:
        parser.read_string(text.removeprefix("\ufeff"), file)
    except configparser.MissingSectionHeaderError as error:
        problems.append(
            malformed(
                Place(file, error.lineno, 1),
                "A setting stands before any section, so that it belongs to nothing.",
                "Begin the file with a section, such as [default].",
            )
        )
    except configparser.ParsingError as error:
        problems += [
            malformed(
                Place(file, line, 1), "This line is neither a section nor a setting.", "Write NAME = VALUE."
            )
            for line, _ in error.errors
        ]
    except configparser.DuplicateSectionError as error:
        problems.append(
            malformed(
                Place(file, error.lineno or 0, 1),
                f"The section [{error.section}] stands twice; which of them counts is anybody's guess.",
                "Make one of the two.",
            )
        )
    except configparser.DuplicateOptionError as error:
        problems.append(
            malformed(
                Place(file, error.lineno or 0, 1),
                f"{error.option if is_name(error.option) else 'A setting'} stands twice in [{error.section}]; which "
                "of them counts is anybody's guess.",
                "Keep one of them.",
            )
        )
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    return Ini(file, sections, _lines(text)), tuple(problems)


def _lines(text: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if header := _HEADER.match(line):
            section = header["name"]
            found.setdefault((section, ""), number)
        elif setting := _SETTING.match(line):
            found.setdefault((section, setting["key"]), number)
    return found
