"""The installed backend, as keyring and its clients use it, with the installed program."""

import json
import os
import random
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import keyring
from keyring import backend, core, errors

import keyring_vouch
from keyring_vouch import VouchKeyring

HOST = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com"
URL = f"https://{HOST}/pypi/my-repo/simple/"
CONFIG = {
    "version": 1,
    "aws": {"profiles": {"vouch": {"role_arn": "arn:aws:iam::123456789012:role/R", "region": "us-east-1"}}},
    "codeartifact": {
        "profiles": {"default": {"domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1"}},
        "registrations": [
            {"tool": "pip", "repository": "my-repo", "profile": "default", "endpoint": f"https://{HOST}/pypi/my-repo/"}
        ],
    },
}


class Bed(unittest.TestCase):
    """A home of its own, without a session."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        path = os.path.join(self.folder, "config.json")
        # As Vouch writes it; one that others can read is refused.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(CONFIG, file)
        patch = mock.patch.dict(os.environ, {"VOUCH_HOME": self.folder, "HOME": self.folder})
        patch.start()
        self.addCleanup(patch.stop)

    def program(self, script):
        """Another program in the place of the installed one."""
        path = os.path.join(self.folder, "program")
        with open(path, "w") as file:
            file.write(f"#!{sys.executable}\nimport sys\n{script}\n")
        os.chmod(path, stat.S_IRWXU)
        patch = mock.patch.object(keyring_vouch, "_program", lambda: path)
        patch.start()
        self.addCleanup(patch.stop)
        return path


class Discovery(Bed):
    def test_keyring_finds_it_behind_its_chain_and_before_others(self):
        found = {type(one): one.priority for one in backend.get_all_keyring()}
        self.assertEqual(found[VouchKeyring], 9.95)
        self.assertTrue(VouchKeyring.viable)

    def test_without_its_program_it_is_not_there(self):
        with mock.patch.object(keyring_vouch, "_program", lambda: None):
            with self.assertRaises(RuntimeError):
                VouchKeyring.priority
            self.assertFalse(VouchKeyring.viable)
            self.assertIsNone(VouchKeyring().get_credential(URL, None))

    def test_the_program_that_came_with_it_is_used(self):
        expected = os.path.join(sys.prefix, "bin", "pip-keyring-vouch")
        self.assertEqual(keyring_vouch._program(), expected)
        with mock.patch.object(sys, "prefix", "/nonexistent"):
            self.assertEqual(keyring_vouch._program(), expected)
        scripts = os.listdir(os.path.join(sys.prefix, "bin"))
        owner = subprocess.run([sys.executable, "-m", "pip", "show", "-f", "pip-keyring-vouch"],
                               stdout=subprocess.PIPE, universal_newlines=True).stdout
        self.assertIn("pip-keyring-vouch", scripts)
        self.assertNotIn("bin/keyring\n", owner)

    def test_loading_it_loads_nothing_more(self):
        code = (
            "import sys, keyring.backend, keyring.credentials, keyring.errors\n"
            "before = set(sys.modules)\n"
            "import keyring_vouch\n"
            "keyring_vouch.VouchKeyring()\n"
            "print(*sorted(set(sys.modules) - before))\n"
        )
        loaded = subprocess.check_output([sys.executable, "-c", code], universal_newlines=True)
        self.assertEqual(loaded.split(), ["keyring_vouch"])


class Answers(Bed):
    def test_foreign_services_and_odd_names_get_none(self):
        ours = VouchKeyring()
        for service in [
            "", " ", "pypi.org", "poetry-repository-x", "python-poetry-check", "::1", HOST, HOST + ":443",
            "https://pypi.org/simple/", "https://", "://", "--help", "--mode=creds://", "a\0b://", None, 5,
            "https://" + "a" * 5000, f"https://{HOST}.evil.example/pypi/my-repo/", "http://localhost:8080/",
        ]:
            for user in [None, "", "aws", "alice"]:
                self.assertIsNone(ours.get_credential(service, user), (service, user))
                self.assertIsNone(ours.get_password(service, user), (service, user))

    def test_whatever_the_name_a_foreign_one_gets_none(self):
        chance = random.Random(7)
        parts = ["https://", "http://", "://", "-", "--mode=creds", "@", ":", "/", ".", "[::1]", "%2e", "é", "\udc80", "\ud800", "\n",
                 "\0", " ", "pypi.org", "a" * 300, "poetry-repository-", ".codeartifact.evil.example", "\u202e"]
        ours = VouchKeyring()
        for _ in range(300):
            service = "".join(chance.choices(parts, k=chance.randrange(6)))
            user = chance.choice([None, "", "aws", "alice", "\0", "\udc80", "\ud800", "-x"])
            self.assertIsNone(ours.get_credential(service, user), (service, user))

    def test_for_names_that_are_no_url_no_process_is_started(self):
        with mock.patch.object(subprocess, "run", side_effect=AssertionError):
            for service in ["", "pypi.org", "poetry-repository-x", HOST]:
                self.assertIsNone(VouchKeyring().get_credential(service, None))

    def test_without_a_session_the_error_has_the_fix_in_it(self):
        for ask in [
            lambda: VouchKeyring().get_credential(URL, None),
            lambda: VouchKeyring().get_password(URL, "aws"),
            lambda: keyring.get_password(URL, "aws"),
            lambda: keyring.get_credential(URL, None),
        ]:
            with self.assertRaises(errors.KeyringError) as caught:
                ask()
            self.assertIn("vouch login", str(caught.exception))

    def test_another_user_is_refused_with_a_reason(self):
        with self.assertRaises(errors.KeyringError) as caught:
            VouchKeyring().get_password(URL, "bob")
        self.assertIn("no user but `aws`", str(caught.exception))
        for user in ["\0", "\udc80", "\ud800", "aws\0"]:
            with self.assertRaises(errors.KeyringError):
                VouchKeyring().get_password(URL, user)

    def test_the_answer_is_a_credential(self):
        self.program(
            "assert sys.argv[1:6] == ['--mode=creds', '--output=json', 'get', '--', %r], sys.argv\n"
            "print('{\"username\": \"aws\", \"password\": \"tok\"}')" % URL
        )
        for user in [None, "", "aws"]:
            credential = VouchKeyring().get_credential(URL, user)
            self.assertEqual((credential.username, credential.password), ("aws", "tok"))
        self.assertEqual(VouchKeyring().get_password(URL, "aws"), "tok")

    def test_a_program_at_fault_is_an_error_without_its_output(self):
        for script in ["print('hunter2')", "print('[\"hunter2\"]')", "print('{}')", ""]:
            path = self.program(script)
            with self.assertRaises(errors.KeyringError) as caught:
                VouchKeyring().get_credential(URL, None)
            self.assertNotIn("hunter2", str(caught.exception))
            self.assertIn(path, str(caught.exception))
            self.assertIn("vouch doctor", str(caught.exception))
        os.chmod(self.program("sys.exit(1)"), stat.S_IRUSR)
        if os.geteuid() != 0:
            with self.assertRaises(errors.KeyringError):
                VouchKeyring().get_credential(URL, None)

    def test_only_a_silent_refusal_means_that_it_is_not_ours(self):
        self.program("sys.exit(1)")
        self.assertIsNone(VouchKeyring().get_credential(URL, None))
        self.program("sys.exit('vouch: a reason')")
        with self.assertRaises(errors.KeyringError) as caught:
            VouchKeyring().get_credential(URL, None)
        self.assertEqual(str(caught.exception), "vouch: a reason")
        for script, end in [
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
            ("import os, signal; signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGTERM)", "signal SIGTERM"),
            ("import os; os.abort()", "signal SIGABRT"),
            ("sys.exit(2)", "exit status 2"),
            ("sys.exit(101)", "exit status 101"),
            ("sys.stderr.write('hunter2'); sys.exit(127)", "exit status 127"),
        ]:
            path = self.program(script)
            with self.assertRaises(errors.KeyringError) as caught:
                VouchKeyring().get_credential(URL, None)
            for part in [path, end, "vouch doctor"]:
                self.assertIn(part, str(caught.exception))
            self.assertNotIn("hunter2", str(caught.exception))

    def test_a_log_is_no_reason(self):
        with mock.patch.dict(os.environ, {"VOUCH_LOG": "trace"}):
            self.assertIsNone(VouchKeyring().get_credential("https://pypi.org/simple/", None))


class Storing(Bed):
    def test_the_chain_goes_on_to_the_next_backend(self):
        stored = {}

        class Next(backend.KeyringBackend):
            priority = 5

            def get_password(self, service, username):
                return stored.get((service, username))

            def set_password(self, service, username, password):
                stored[service, username] = password

            def delete_password(self, service, username):
                del stored[service, username]

        from keyring.backends.chainer import ChainerBackend

        self.addCleanup(backend.KeyringBackend._classes.discard, Next)
        with mock.patch.object(ChainerBackend, "backends", [VouchKeyring(), Next()]):
            chain = ChainerBackend()
            chain.set_password("pypi.org", "alice", "x")
            self.assertEqual(stored, {("pypi.org", "alice"): "x"})
            self.assertEqual(chain.get_password("pypi.org", "alice"), "x")
            chain.delete_password("pypi.org", "alice")
            self.assertEqual(stored, {})
            with self.assertRaises(errors.PasswordSetError):
                chain.set_password(URL, "aws", "x")
            self.assertEqual(stored, {})

    def test_alone_it_says_that_nothing_was_stored(self):
        with self.assertRaises(errors.PasswordSetError):
            VouchKeyring().set_password("pypi.org", "alice", "x")
        with self.assertRaises(errors.PasswordDeleteError):
            VouchKeyring().delete_password("pypi.org", "alice")


class CommandLine(Bed):
    def keyring(self, *words):
        command = [sys.executable, "-W", "error", "-m", "keyring", *words]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True)

    def test_nothing_is_said_about_foreign_services(self):
        done = self.keyring("get", "https://pypi.org/simple/", "alice")
        # Where no other backend is there, keyring's own message is about that.
        self.assertNotIn("vouch", done.stderr.lower())
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_the_reason_is_shown(self):
        done = self.keyring("get", URL, "aws")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("vouch login", done.stderr)


if __name__ == "__main__":
    core.init_backend()
    unittest.main()
