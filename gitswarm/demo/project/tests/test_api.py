import io
import json
import unittest
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from signpost.api import MAX_BODY, Api
from signpost.settings import Settings
from signpost.store import LinkStore

LINK = {"url": "https://docs.example/", "code": "docs"}
DESCRIBED = {
    "code": "docs",
    "short_url": "https://go.example/docs",
    "url": "https://docs.example/",
    "created": 1_700_000_000,
    "hits": 0,
}


class ApiTest(unittest.TestCase):
    def setUp(self):
        links = self.enterContext(LinkStore(":memory:", clock=lambda: 1_700_000_000.9))
        self.api = Api(links, Settings(base_url="https://go.example/"))

    def call(self, method, path, content=None, **environ):
        """Status, JSON body and headers of the answer; `environ` adds to the request's."""
        sent = b"" if content is None else json.dumps(content).encode()
        request = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
        }
        setup_testing_defaults(request)
        started = []
        chunks = validator(self.api)(request | environ, lambda *given: started.append(given))
        received = b"".join(chunks)
        chunks.close()
        [(status, headers)] = started
        return int(status[:3]), json.loads(received) if received else None, dict(headers)

    def test_a_created_link_is_described_and_located(self):
        status, body, headers = self.call("POST", "/api/links", LINK)

        self.assertEqual((status, body), (201, DESCRIBED))
        self.assertEqual(headers["Location"], "/api/links/docs")

    def test_a_link_gets_a_random_code_unless_one_is_asked_for(self):
        status, body, _ = self.call("POST", "/api/links", {"url": "https://docs.example/"})

        self.assertEqual(status, 201)
        self.assertRegex(body["code"], r"^[2-9a-z]{6}$")

    def test_a_taken_code_is_a_conflict_and_changes_nothing(self):
        self.call("POST", "/api/links", LINK)

        status, body, _ = self.call("POST", "/api/links", LINK | {"url": "https://other.example/"})

        self.assertEqual((status, body), (409, {"error": "the code docs is taken"}))
        self.assertEqual(self.call("GET", "/api/links")[1], {"links": [DESCRIBED]})

    def test_bodies_that_do_not_describe_a_link_are_refused(self):
        for content in ([LINK], {}, {"url": 7}, LINK | {"code": 7}, LINK | {"code": "a/b"}):
            with self.subTest(content=content):
                status, body, _ = self.call("POST", "/api/links", content)
                self.assertEqual((status, list(body)), (400, ["error"]))

    def test_a_body_needs_a_length_within_bounds(self):
        for length, expected in (("", 411), (str(MAX_BODY + 1), 413)):
            with self.subTest(length=length):
                status, _, _ = self.call("POST", "/api/links", LINK, CONTENT_LENGTH=length)
                self.assertEqual(status, expected)

    def test_a_visit_is_redirected_and_counted(self):
        self.call("POST", "/api/links", LINK)

        status, _, headers = self.call("GET", "/docs")

        self.assertEqual((status, headers["Location"]), (302, "https://docs.example/"))
        self.assertEqual(self.call("GET", "/api/links/docs")[1], DESCRIBED | {"hits": 1})

    def test_a_preview_is_redirected_and_not_counted(self):
        self.call("POST", "/api/links", LINK)

        status, body, headers = self.call("HEAD", "/docs")

        self.assertEqual((status, body), (302, None))
        self.assertEqual(headers["Location"], "https://docs.example/")
        self.assertEqual(self.call("GET", "/api/links/docs")[1], DESCRIBED)

    def test_a_removed_link_is_gone(self):
        self.call("POST", "/api/links", LINK)

        self.assertEqual(self.call("DELETE", "/api/links/docs")[0], 204)

        for method, path in (("GET", "/docs"), ("DELETE", "/api/links/docs")):
            status, body, _ = self.call(method, path)
            self.assertEqual((status, body), (404, {"error": "there is no link docs"}))

    def test_other_paths_are_not_found_and_other_methods_not_allowed(self):
        for path in ("/", "/api", "/docs/more", "/api/links/docs/more"):
            with self.subTest(path=path):
                self.assertEqual(self.call("GET", path)[0], 404)
        status, _, headers = self.call("PUT", "/api/links")
        self.assertEqual((status, headers["Allow"]), (405, "GET, POST"))

    def test_the_health_check_answers(self):
        self.assertEqual(self.call("GET", "/healthz")[:2], (200, {"status": "ok"}))
