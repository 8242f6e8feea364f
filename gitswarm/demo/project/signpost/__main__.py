"""The command line: `python -m signpost`."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

from signpost import SignpostError, __version__
from signpost.api import Api
from signpost.settings import Settings
from signpost.store import LinkStore


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> int:
    asked = command_line().parse_args(arguments)
    try:
        settings = Settings.from_environment(environment)
        with LinkStore(settings.database) as links:
            match asked.command:
                case "serve":
                    serve(links, settings)
                case "add":
                    print(settings.short_url(links.add(asked.url, asked.code).code))
                case "list":
                    print_links(links)
                case "remove":
                    links.remove(asked.code)
    except SignpostError as error:
        print(f"signpost: {error}", file=sys.stderr)
        return 1
    return 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signpost", description="Short links for one team.")
    parser.add_argument("--version", action="version", version=f"signpost {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="answer HTTP requests until interrupted")
    add = commands.add_parser("add", help="add a link and print its short URL")
    add.add_argument("url", metavar="URL")
    add.add_argument("--code", help="the code to use; a random one by default")
    commands.add_parser("list", help="print all links, newest first")
    remove = commands.add_parser("remove", help="remove a link")
    remove.add_argument("code", metavar="CODE")
    return parser


def serve(links: LinkStore, settings: Settings) -> None:
    try:
        server = make_server(
            settings.host, settings.port, Api(links, settings), server_class=ThreadingServer
        )
    except OSError as error:
        address = f"{settings.host}:{settings.port}"
        raise SignpostError(f"cannot listen on {address}: {error.strerror}") from error
    with server:
        print(f"listening on {settings.host}:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


def print_links(links: LinkStore) -> None:
    for link in links.newest_first():
        created = time.strftime("%Y-%m-%d", time.gmtime(link.created))
        print(f"{link.code:<12} {link.hits:>6}  {created}  {link.url}")


if __name__ == "__main__":
    sys.exit(main())
