"""A run's merged branch becomes a pull request: refused or not, pushed, opened or updated."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitswarm.errors import PublishError, UsageError
from gitswarm.history import RunHistory
from gitswarm.overview import TaskView
from gitswarm.publish import agit, gitlab
from gitswarm.publish.api import Api
from gitswarm.publish.candidate import Candidate, Wishes, require_fit
from gitswarm.publish.credentials import find_token
from gitswarm.publish.description import describe, title_of
from gitswarm.publish.earlier import Earlier
from gitswarm.publish.forge import Forge, ForgeKind, gh_reaches, github_api, recognise
from gitswarm.publish.proposal import Action, Opened, Proposal, Published
from gitswarm.publish.push import Pushed, Pusher, RefPush, RemoteRefs, newest_of
from gitswarm.publish.remote import Remote, choose_remote
from gitswarm.publish.secrets import Secrets
from gitswarm.publish.template import find_template
from gitswarm.repo.ledger import Ledger, Step, hold
from gitswarm.repo.objects import BranchName, Oid, RefName, RepoPath, TaskId, show
from gitswarm.repo.repository import Repository
from gitswarm.screen.text import listed, one_line, several
from gitswarm.settings import Settings
from gitswarm.swarm.paths import is_ci_definition
from gitswarm.swarm.results import Outcome

RECORD = "publish.json"
"""Where the ledger keeps what was published last."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What was published, and what there is to say of it."""

    proposal: Proposal
    remote: str
    place: str
    """Where the remote leads, fit to be shown."""
    forge: Forge
    opened: Opened
    rebuilt: bool
    """The branch on the remote held commits that it does not hold any more."""
    branches: tuple[BranchName, ...]
    """Branches of tasks that were pushed too."""
    ci_paths: tuple[RepoPath, ...]
    addresses: tuple[str, ...]
    """What the remote printed."""

    @property
    def title(self) -> str:
        return self.opened.title or self.proposal.title

    @property
    def address(self) -> str | None:
        """Of the pull request; where there is none, the first that the remote printed."""
        return self.opened.address or next(iter(self.addresses), None)


class Publication:
    """One run on its way to a remote."""

    def __init__(
        self,
        repository: Repository,
        history: RunHistory,
        settings: Settings,
        wishes: Wishes,
        *,
        environ: Mapping[str, str],
        tell: Callable[[str], None],
    ) -> None:
        """`tell` says something at once, while the rest goes on."""
        self._repository = repository
        self._history = history
        self._settings = settings
        self._wishes = wishes
        self._environ = environ
        self._tell = tell
        self._run = history.run
        self._again = wishes.command(history.run)

    def publish(self) -> PullRequest:
        """Raises `PublishError`, `UsageError` and `GitError`; whatever was done until then is found
        and gone on from when it is called again."""
        remote = choose_remote(self._repository, self._wishes.remote)
        candidate = require_fit(self._repository, self._history, self._settings, self._wishes)
        with hold(self._repository, self._run):
            return self._publish(candidate, remote)

    def _publish(self, candidate: Candidate, remote: Remote) -> PullRequest:
        forge = self._recognise(remote)
        api = self._login(forge, remote) if forge.kind is ForgeKind.GITHUB else None
        pusher = Pusher(
            self._repository,
            remote,
            may_ask=self._wishes.may_ask,
            seconds=self._settings.timeout_seconds,
            again=self._again,
        )
        refs = self._fetch_refs(pusher, candidate)
        earlier = Earlier(self._repository, self._history, refs)
        base = self._base(refs, remote)
        tip = earlier.known(base)
        self._require_news(candidate, tip, base)
        before = self._published_before(remote, forge)
        holder = earlier.holder(candidate.branch, forge, before)
        rebuilt = earlier.is_rebuilt(holder, candidate.commit, remote.name)
        pushes = earlier.pushes_of_tasks() if self._wishes.branches else []
        ci_paths = self._warn(candidate, tip, base, pushes)
        proposal = self._proposal(candidate, base, forge, ci_paths)
        branches = self._push_branches(pusher, pushes)
        if forge.kind is ForgeKind.GITEA:
            opened, pushed = self._push_for(pusher, forge, proposal, refs, before, rebuilt=rebuilt)
            rebuilt = rebuilt and opened.action is Action.UPDATED
        else:
            options = gitlab.push_options(proposal) if forge.kind is ForgeKind.GITLAB else []
            pushed = self._push(pusher, refs, proposal, options, rebuilt=rebuilt)
            opened = self._open(forge, api, proposal, pushed, refs, before)
        published = PullRequest(
            proposal,
            remote.name,
            _place(remote, forge),
            forge,
            opened,
            rebuilt,
            branches,
            ci_paths,
            pushed.addresses,
        )
        self._record(published)
        return published

    # -- where it goes

    def _recognise(self, remote: Remote) -> Forge:
        from gitswarm.publish.gh import is_logged_in
        from gitswarm.publish.rest import ask_kind

        chosen = self._settings.forge
        setting = None
        if chosen is not None:
            setting = ForgeKind.GITEA if chosen == "forgejo" else ForgeKind(chosen)
        return recognise(
            remote.address,
            setting=setting,
            url=self._settings.forge_url,
            environ=self._environ,
            gh_knows=lambda host: is_logged_in(host, by_itself=True),
            host_says=ask_kind,
        )

    def _login(self, forge: Forge, remote: Remote) -> Api:
        """`gh` where it is installed, logged in and would ask at the same place; else our own
        client. Before anything is pushed, so that a missing login is told while nothing is half
        done."""
        from gitswarm.publish.gh import Gh, gets_answer, is_logged_in
        from gitswarm.publish.rest import Rest

        if "/" not in forge.path:
            raise UsageError(
                f"{remote.name} ({remote.shown}) leads to no repository OWNER/NAME on GitHub",
                hint=f"git remote set-url {remote.name} URL, or git config swarm.forge none",
            )
        address = github_api(forge, self._environ)
        if is_logged_in(forge.host) and gh_reaches(forge, address, gh_gets_answer=gets_answer):
            return Gh(forge.host)
        token = find_token(
            self._repository,
            forge,
            remote.address,
            self._environ,
            may_ask=self._wishes.may_ask,
            seconds=self._settings.timeout_seconds,
        )
        return Rest(address, token)

    def _fetch_refs(self, pusher: Pusher, candidate: Candidate) -> RemoteRefs:
        base = [f"refs/heads/{self._wishes.base}"] if self._wishes.base else []
        folder = candidate.branch.rpartition("/")[0]
        requests = [f"{place}/*/head" for place in (agit.REQUESTS, gitlab.REQUESTS)]
        return pusher.fetch_refs(*base, f"refs/heads/{folder}/*", *requests)

    def _base(self, refs: RemoteRefs, remote: Remote) -> BranchName:
        """The branch that is to take the changes. Raises `UsageError`."""
        wanted = self._wishes.base
        if wanted is None:
            if refs.default is None:
                raise UsageError(
                    f"{remote.name} has no default branch to open a pull request into",
                    hint=f"push one first, such as: git push {remote.name} main; or name --base",
                )
            return refs.default
        if refs.branch(wanted) is None:
            raise UsageError(
                f'{remote.name} has no branch "{wanted}" to open a pull request into',
                hint=f'"git ls-remote --heads {remote.name}" lists its branches',
            )
        return BranchName(wanted)

    def _require_news(self, candidate: Candidate, tip: Oid | None, base: BranchName) -> None:
        if tip and self._repository.is_ancestor(candidate.commit, tip):
            raise PublishError(
                f"everything in {candidate.branch} is in {base} already",
                hint=f"git log {tip[:12]}",
            )

    # -- what is told before

    def _warn(
        self, candidate: Candidate, tip: Oid | None, base: BranchName, pushes: Sequence[RefPush]
    ) -> tuple[RepoPath, ...]:
        """Say what should be known before anybody else sees it. The CI definitions that it would
        change in the branch that is to take it, whose commit is `tip`, if it is known here."""
        run_base = self._history.base
        start = (tip and self._repository.merge_base(tip, candidate.commit)) or run_base
        proposed = self._ci_definitions(start, candidate.commit)
        beside = {path for push in pushes for path in self._ci_definitions(start, push.commit)}
        if proposed:
            self._tell(_may_run("this proposes changes to CI definitions", proposed))
        if beside - set(proposed):
            self._tell(
                _may_run("branches of tasks change CI definitions", sorted(beside - set(proposed)))
            )
        unpublished = len(self._repository.commits_between(tip or run_base, run_base))
        if unpublished:
            self._tell(
                f"{several(unpublished, 'commit')} of yours, from which the run started, "
                f"{'is' if unpublished == 1 else 'are'} not in {base} and will be part of it"
            )
        return proposed

    def _ci_definitions(self, old: Oid, new: Oid) -> tuple[RepoPath, ...]:
        changed = self._repository.changed_paths(old, new)
        return tuple(sorted(path for path in changed if is_ci_definition(path)))

    def _proposal(
        self,
        candidate: Candidate,
        base: BranchName,
        forge: Forge,
        ci_paths: Sequence[RepoPath],
    ) -> Proposal:
        history = self._history
        assert history.report is not None
        secrets = Secrets(self._environ)
        tasks = [history.task_view(task["id"]) for task in history.report["tasks"]]
        return Proposal(
            run=self._run,
            title=title_of(history.report["goal"], secrets),
            description=describe(
                history.report,
                tasks,
                left_out=self._left_out(tasks, candidate.commit),
                verify=candidate.verify,
                ci_paths=ci_paths,
                secrets=secrets,
            ),
            template=find_template(self._repository, history.base, forge.kind),
            base=base,
            branch=candidate.branch,
            commit=candidate.commit,
            draft=self._wishes.draft,
        )

    def _left_out(self, tasks: Sequence[TaskView], commit: Oid) -> set[TaskId]:
        """The tasks that changed something of which nothing is in the merged branch: dropped, or
        set aside with an open conflict."""
        merged = set(self._repository.commits_between(self._history.base, commit))
        done = (task for task in tasks if task.outcome == Outcome.DONE and task.commits)
        return {task.task for task in done if merged.isdisjoint(self._ends_of(task))}

    def _ends_of(self, task: TaskView) -> Iterator[Oid]:
        """Where a task's work ends: its last commit, and its branch, which may have moved since."""
        yield task.commits[-1].oid
        if task.branch and (tip := self._repository.ref(RefName(f"refs/heads/{task.branch}"))):
            yield tip

    # -- pushed

    def _push(
        self,
        pusher: Pusher,
        refs: RemoteRefs,
        proposal: Proposal,
        options: Sequence[str],
        *,
        rebuilt: bool,
    ) -> Pushed:
        to = RefName(f"refs/heads/{proposal.branch}")
        replaces = refs.branch(proposal.branch) if rebuilt else None
        pushed = pusher.push([RefPush(proposal.commit, to, replaces)], options)
        self._require_taken(pusher, pushed)
        return pushed

    def _push_for(
        self,
        pusher: Pusher,
        forge: Forge,
        proposal: Proposal,
        refs: RemoteRefs,
        before: Published | None,
        *,
        rebuilt: bool,
    ) -> tuple[Opened, Pushed]:
        """The push that is the pull request itself."""
        options = agit.push_options(proposal, rebuilt=rebuilt)
        pushed = pusher.push([RefPush(proposal.commit, agit.target(proposal))], options)
        known = refs.requests(agit.REQUESTS)
        if pushed.unchanged or any(agit.HAD_IT in why for why in pushed.rejected.values()):
            number = newest_of(known, {proposal.commit})
            address = None if number is None else agit.address_of(forge, number)
            return Opened(Action.UNCHANGED, number, address, proposal.draft), pushed
        self._require_taken(pusher, pushed)
        return agit.read_answer(forge, proposal, pushed, known=known, before=before), pushed

    def _push_branches(self, pusher: Pusher, pushes: Sequence[RefPush]) -> tuple[BranchName, ...]:
        if not pushes:
            return ()
        self._require_taken(pusher, pusher.push(pushes))
        return tuple(BranchName(push.to.removeprefix("refs/heads/")) for push in pushes)

    def _require_taken(self, pusher: Pusher, pushed: Pushed) -> None:
        if not pushed.rejected:
            return
        whys = [f"{_short(ref)} {summary}" for ref, summary in pushed.rejected.items()]
        said = f"; it said: {' / '.join(pushed.said)}" if pushed.said else ""
        raise PublishError(
            f"{pusher.remote.name} did not take {listed(whys)}{said}",
            hint=f"set right what it says, or push elsewhere with --remote; then: {self._again}",
        )

    # -- opened or updated

    def _open(
        self,
        forge: Forge,
        api: Api | None,
        proposal: Proposal,
        pushed: Pushed,
        refs: RemoteRefs,
        before: Published | None,
    ) -> Opened:
        if api is not None:
            from gitswarm.publish.github import GitHub

            github = GitHub(api, forge.path, host=forge.host, again=self._again, tell=self._tell)
            return github.propose(proposal, before)
        if forge.kind is ForgeKind.GITLAB:
            known = refs.requests(gitlab.REQUESTS)
            return gitlab.read_answer(forge, proposal, pushed, known=known, before=before)
        return Opened(Action.PUSHED, draft=proposal.draft)

    # -- remembered

    def _published_before(self, remote: Remote, forge: Forge) -> Published | None:
        """What was published there the last time."""
        before = Published.from_json(self._history.load_record(RECORD))
        here = (remote.name, forge.kind.value, _place(remote, forge))
        if before is None or (before.remote, before.forge, before.place) != here:
            return None
        return before

    def _record(self, published: PullRequest) -> None:
        proposal, opened = published.proposal, published.opened
        value = Published(
            remote=published.remote,
            forge=published.forge.kind.value,
            place=published.place,
            base=proposal.base,
            commit=proposal.commit,
            title=published.title,
            number=opened.number,
            address=opened.address,
        ).to_json()
        if value == self._history.load_record(RECORD):
            return
        step = Step(f"published: {opened.action.value}", {RECORD: value}, (proposal.commit,))
        asyncio.run(Ledger.reopen(self._repository, self._run).record(step))


def _place(remote: Remote, forge: Forge) -> str:
    return forge.shown or remote.shown


def _may_run(what: str, paths: Sequence[RepoPath]) -> str:
    shown = listed([one_line(show(path)) for path in paths])
    return f"{what}, which may run as soon as they are pushed: {shown}"


def _short(ref: RefName) -> str:
    return ref.removeprefix("refs/heads/")
