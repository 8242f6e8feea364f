"""The hooks of a test forge's repositories: what GitLab and Gitea do with a push.

Run by git in the repository. Each push is noted in `pushes.jsonl`, with its options; what people
would read goes to stderr, as on the real ones.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

NOTES = Path("pushes.jsonl")


def options_of_environment() -> list[str]:
    count = int(os.environ.get("GIT_PUSH_OPTION_COUNT", "0"))
    return [os.environ[f"GIT_PUSH_OPTION_{n}"] for n in range(count)]


def note(**facts: Any) -> None:
    with NOTES.open("a") as file:
        file.write(json.dumps(facts) + "\n")


def address(kind: str, number: int) -> str:
    root, name = os.environ["FORGE_URL"], Path.cwd()
    path = f"{name.parent.name}/{name.stem}"
    return f"{root}/{path}/{'-/merge_requests' if kind == 'gitlab' else 'pulls'}/{number}"


def gitlab() -> None:
    """post-receive: a merge request for each branch that was asked for one."""
    options = options_of_environment()
    pushes = [line.split() for line in sys.stdin]
    note(refs=[ref for _, _, ref in pushes], options=options)
    if "merge_request.create" in options:
        branch = pushes[0][2].removeprefix("refs/heads/")
        subprocess.run(
            ["git", "update-ref", "refs/merge-requests/1/head", pushes[0][1]], check=True
        )
        print(f"\nView merge request for {branch}:", file=sys.stderr)
        print("  " + address("gitlab", 1) + "\n", file=sys.stderr)


def read_packet() -> bytes | None:
    """See gitprotocol-common(5); None is a flush."""
    length = int(sys.stdin.buffer.read(4), 16)
    return sys.stdin.buffer.read(length - 4) if length else None


def write_packet(data: str | None) -> None:
    line = b"0000" if data is None else b"%04x" % (len(data.encode()) + 4) + data.encode()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def gitea() -> None:
    """proc-receive, see githooks(5): one pull request a topic."""
    read_packet(), read_packet()
    write_packet("version=1\0push-options")
    write_packet(None)
    commands, options = [], []
    while (line := read_packet()) is not None:
        commands.append(line.decode().strip().split(" "))
    while (line := read_packet()) is not None:
        options.append(line.decode().strip())
    given = dict(option.partition("=")[::2] for option in options)
    state = Path("topics.json")
    topics = json.loads(state.read_text()) if state.exists() else {}
    for _, new, ref in commands:
        number, head = topics.get(given["topic"], [len(topics) + 1, None])
        reason = refusal(head, new, given)
        note(refs=[ref], options=options, refused=reason)
        if reason:
            write_packet(f"ng {ref} {reason}\n")
            continue
        topics[given["topic"]] = [number, new]
        subprocess.run(["git", "update-ref", f"refs/pull/{number}/head", new], check=True)
        write_packet(f"ok {ref}\n")
        print("\nVisit the existing pull request:" if head else "\nCreated:", file=sys.stderr)
        print("  " + address("gitea", number) + "\n", file=sys.stderr)
    write_packet(None)
    state.write_text(json.dumps(topics))


def refusal(head: str | None, new: str, given: dict[str, str]) -> str | None:
    if head == new:
        return "new commit is same with old commit"
    if head is None or given.get("force-push") == "true":
        return None
    contained = subprocess.run(["git", "merge-base", "--is-ancestor", head, new]).returncode == 0
    return None if contained else "request `force-push` push option"


if __name__ == "__main__":
    {"gitlab": gitlab, "gitea": gitea}[sys.argv[1]]()
