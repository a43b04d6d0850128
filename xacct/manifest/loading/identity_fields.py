"""The mappings in a list of principals that name a CI job, a SAML provider, a service or a permission set."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from xacct.account import Account
from xacct.manifest.identities import SSO_NAME, Identity, PermissionSet, SamlUser, ServiceFor, WebIdentity
from xacct.manifest.loading.names import Accounts
from xacct.manifest.loading.tree import Scalar, Table
from xacct.policy.arn import Arn, is_account_id
from xacct.policy.federation import AUDIENCE, GITHUB, GITLAB, github_subject, gitlab_subject, owner_is_open
from xacct.problem import Place, Severity

FORMS: dict[str, tuple[str, ...]] = {
    "github": ("branch", "tag", "environment", "audience", "profile"),
    "gitlab": ("branch", "tag", "host", "audience", "profile"),
    "oidc": ("subject", "audience", "profile"),
    "saml": ("audience",),
    "service": ("source_account", "source_arn"),
    "permission_set": ("account", "profile"),
}
"""The key that tells a form, with those that go with it."""

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:@[0-9]+)?")
_REPOSITORY = re.compile(r"[A-Za-z0-9._*-]+(?:@[0-9]+)?")
_PROJECT = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.*-]+)+")
_HOST = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?")
_ISSUER = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~/-]+)?")
_PLAIN = re.compile(r"[\x21-\x7e]+")
_LETTERS = "Write it in visible ASCII letters, without blanks and without $."
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.(?:com(?:\.cn)?|eu)|[a-z0-9.-]+\.aws\.internal")
_NAME = re.compile(r"[\w+=,.@-]{1,32}", re.ASCII)
_SAML = re.compile(r"[\w._-]{1,128}", re.ASCII)

Wrong = Callable[..., None]
"""``wrong(place, summary, detail, fix, severity)`` adds a problem."""


def form_of(table: Table) -> str:
    """The key that tells which form a mapping has; "" where it is none of these."""
    return next((key for key in FORMS if key in table.members), "")


def identity_of(table: Table, form: str, accounts: Accounts, wrong: Wrong) -> Identity | None:
    """What a mapping of this form names; None where there are problems, which ``wrong`` has got then."""
    return _Reader(table, form, accounts, wrong).identity()


class _Reader:
    """One mapping; says what is wrong at the key that is wrong."""

    def __init__(self, table: Table, form: str, accounts: Accounts, wrong: Wrong) -> None:
        self.table = table
        self.form = form
        self.accounts = accounts
        self.failed = False
        self._wrong = wrong

    def identity(self) -> Identity | None:
        known = (self.form, *FORMS[self.form])
        for key in self.table.members:
            if key not in known:
                self._no(
                    key,
                    "Key of another form",
                    f'"{key}" has no meaning beside {self.form}; it would be ignored.',
                    f"Known here: {', '.join(known)}.",
                )
        found = {
            "github": self._github,
            "gitlab": self._gitlab,
            "oidc": self._oidc,
            "saml": self._saml,
            "service": self._service,
            "permission_set": self._permission_set,
        }[self.form]()
        return None if self.failed else found

    def _github(self) -> Identity:
        repository = self._text("github")
        owner, _, name = repository.partition("/")
        if set(owner) & set("*?"):
            self._open_owner(f'"{repository}"', "OWNER/REPOSITORY")
        elif not _OWNER.fullmatch(owner) or not _REPOSITORY.fullmatch(name):
            self._no(
                "github",
                "Malformed repository",
                f'"{repository}" is no repository of GitHub.',
                "Write OWNER/REPOSITORY, or OWNER@ID/REPOSITORY@ID as the subject of newer ones has it.",
            )
        elif "*" in name:
            self._hint(
                "github", f"every repository of {owner} whose name fits, also one made later, is let in"
            )
        elif "@" not in owner or "@" not in name:
            self._by_name(repository)
        kind, ref = self._ref("branch", "tag", "environment")
        written = {
            "branch": f"ref:refs/heads/{ref}",
            "tag": f"ref:refs/tags/{ref}",
            "environment": f"environment:{ref}",
        }
        return WebIdentity(
            issuer=GITHUB,
            audience=self._text("audience") or AUDIENCE,
            subject=github_subject(repository, written.get(kind, "")),
            called=f"GitHub {repository}, {kind} {ref}",
            profile=self._text("profile"),
            place=self.table.place,
        )

    def _gitlab(self) -> Identity:
        project, host = self._text("gitlab"), self._text("host") or GITLAB
        if set(project.partition("/")[0]) & set("*?"):
            self._open_owner(f'"{project}"', "GROUP/PROJECT")
        elif not _PROJECT.fullmatch(project):
            self._no(
                "gitlab", "Malformed project", f'"{project}" is no project of GitLab.', "Write GROUP/PROJECT."
            )
        elif "*" in project:
            self._hint("gitlab", "every project whose path fits, also one made later, is let in")
        if not _HOST.fullmatch(host):
            self._no(
                "host", "Malformed host", f'"{host}" is no host name.', "Write such as gitlab.example.com."
            )
        kind, ref = self._ref("branch", "tag")
        return WebIdentity(
            issuer=host,
            audience=self._text("audience") or f"https://{host}",
            subject=gitlab_subject(project, kind, ref),
            called=f"GitLab {project}, {kind} {ref}",
            profile=self._text("profile"),
            place=self.table.place,
        )

    def _oidc(self) -> Identity:
        issuer, subject = self._text("oidc").removeprefix("https://").rstrip("/"), self._text("subject")
        if not _ISSUER.fullmatch(issuer):
            self._no(
                "oidc",
                "Malformed issuer",
                f'"{self._text("oidc")}" is no issuer of tokens.',
                "Write it as the provider has it: oidc.example.com/path.",
            )
        elif not subject:
            self._no(
                "oidc",
                "No subject",
                f"Without a subject whoever {issuer} vouches for could assume the role.",
                "Add subject:, as the tokens have it.",
            )
        elif not _PLAIN.fullmatch(subject) or "$" in subject:
            self._no("subject", "Malformed subject", f'"{subject}" is no subject of a token.', _LETTERS)
        elif owner_is_open(issuer, subject):
            self._open_owner(f'"{subject}"', "the subject with its owner in full", "subject")
        if not self._text("audience"):
            self._no(
                "oidc",
                "No audience",
                "A token says for whom it was made out; without that, tokens for other services would be taken.",
                f"Add audience:, such as {AUDIENCE}; the provider in IAM must list it.",
            )
        return WebIdentity(
            issuer=issuer,
            audience=self._text("audience"),
            subject=subject,
            called=f"{subject} of {issuer}",
            profile=self._text("profile"),
            place=self.table.place,
        )

    def _saml(self) -> Identity:
        name = self._text("saml")
        if not _SAML.fullmatch(name):
            self._no(
                "saml",
                "Malformed name",
                f'"{name}" is no name of a SAML provider.',
                "Write the name it has in IAM, without its ARN.",
            )
        return SamlUser(provider=name, audience=self._text("audience"), place=self.table.place)

    def _service(self) -> Identity:
        service, arn = self._text("service"), self._text("source_arn")
        if not _SERVICE.fullmatch(service):
            guess = f"{service.partition('.')[0].lower()}.amazonaws.com"
            self._no(
                "service",
                "Malformed service",
                f'"{service}" is no service principal.',
                f'Did you mean "{guess}"?'
                if _SERVICE.fullmatch(guess)
                else "Write such as datasync.amazonaws.com.",
            )
        if not self._text("source_account") and not arn:
            self._no(
                "service",
                "A service for anyone",
                f"{service} works for every customer: another one could make it use this role (the confused deputy).",
                "Add source_account: or source_arn:. Where a service sends neither, write the document.",
            )
        parsed = Arn.parse(arn)
        if arn and (parsed is None or not parsed.service or set(parsed.service) & set("*?")):
            self._no(
                "source_arn",
                "Malformed ARN",
                f'"{arn}" is no ARN of a resource.',
                "Write the ARN, maybe with *.",
            )
        account = self._text("source_account")
        if account and not is_account_id(account):
            known = self._account("source_account")
            account = known.id if known else ""
        return ServiceFor(service=service, source_account=account, source_arn=arn, place=self.table.place)

    def _permission_set(self) -> Identity | None:
        name = self._text("permission_set")
        if name.startswith(SSO_NAME):
            short = name.removeprefix(SSO_NAME).rpartition("_")[0]
            self._no(
                "permission_set",
                "A role's name for a permission set",
                f'"{name}" is the name of the role that was made for the set, with a suffix that changes.',
                f'Write "{short or name.removeprefix(SSO_NAME)}".',
            )
        elif not _NAME.fullmatch(name):
            self._no(
                "permission_set",
                "Malformed name",
                f'"{name}" is no name of a permission set: 1 to 32 letters, digits and +=,.@_-.',
                "Write it as Identity Center lists it.",
            )
        if "account" not in self.table.members:
            self._no(
                "permission_set",
                "A permission set without an account",
                "A permission set gives a role in every account that it is assigned to.",
                "Add account: with the account whose role is meant.",
            )
            return None
        account = self._account("account")
        if account is None:
            return None
        return PermissionSet(
            account=account, name=name, profile=self._text("profile"), place=self.table.place
        )

    def _ref(self, *kinds: str) -> tuple[str, str]:
        """Which runs of the pipeline are meant; there is no default, for any branch is anyone who may push."""
        given = [kind for kind in kinds if kind in self.table.members]
        if len(given) != 1:
            what = " and ".join(given)
            self._no(
                given[1] if given else self.form,
                "Which jobs",
                f"It says {what} at once; a job runs for one of them."
                if given
                else "It does not say for which jobs: any branch would do, and so anyone who may push one.",
                f"Say one of {', '.join(kinds)}, such as {kinds[0]}: main.",
            )
            return "", ""
        ref = self._text(given[0])
        if not _PLAIN.fullmatch(ref) or "$" in ref:
            self._no(given[0], "Malformed name", f'"{ref}" is no {given[0]}.', _LETTERS)
        elif ref.startswith("refs/"):
            self._no(
                given[0],
                "Malformed name",
                f'"{ref}" is a whole ref; the name alone is meant.',
                f'Write "{ref.split("/", 2)[-1]}".',
            )
        elif not ref.strip("*?"):
            self._hint(given[0], f"any {given[0]} is let in, and so anyone who may make one")
        return given[0], ref

    def _account(self, key: str) -> Account | None:
        name = self._text(key)
        found = self.accounts.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self.accounts, n=1, cutoff=0.6)
            self._no(
                key,
                "Unknown account",
                f'"{name}" is no account of this manifest.',
                f'Did you mean "{near[0]}"?' if near else f"Declared: {', '.join(self.accounts) or 'none'}.",
            )
        return found

    def _open_owner(self, what: str, form: str, key: str = "") -> None:
        self._no(
            key or self.form,
            "A wildcard as the owner",
            f"{what} leaves open whose jobs are let in; anyone can have an account there.",
            f"Write {form}.",
        )

    def _by_name(self, repository: str) -> None:
        owner, _, name = repository.partition("/")
        self._wrong(
            self._place(self.form),
            "Repository by name",
            f"{repository}: who gets the name later would get in, and the jobs of repositories that were made, "
            "renamed or moved since June 2026 have subjects with ids, which this does not match.",
            f"Write {owner.partition('@')[0]}@ID/{name.partition('@')[0]}@ID where the repository's subject has them.",
            Severity.INFO,
        )

    def _hint(self, key: str, why: str, fix: str = "Name it in full, unless it is meant so.") -> None:
        place = self._place(key)
        self._wrong(place, "Wide trust", f"{self._text(self.form)}: {why}.", fix, Severity.WARNING)

    def _no(self, key: str, summary: str, detail: str, fix: str) -> None:
        self.failed = True
        self._wrong(self._place(key), summary, detail, fix, Severity.ERROR)

    def _place(self, key: str) -> Place:
        node = self.table.members.get(key)
        return node.place if node is not None else self.table.place

    def _text(self, key: str) -> str:
        node = self.table.members.get(key)
        if not isinstance(node, Scalar):
            return ""
        return node.text if node.value is not None or node.quoted else ""
