"""A page is read as it is written, and what it does not say is not believed."""

import unittest

from page import missing, steps

PAGE = """# Title

```sh s1
echo a
```

Text with `ticks`.

```text
a
```

<!-- boots: w1 -->

```sh w1 w2
echo b
echo c
```
"""


class Pages(unittest.TestCase):
    def test_steps_come_in_their_order_with_their_hosts_and_what_is_shown(self):
        first, boot, last = steps(PAGE)
        self.assertEqual((first.line, first.hosts, first.commands, first.shown), (3, ["s1"], "echo a\n", "a\n"))
        self.assertEqual((boot.hosts, boot.commands), (["w1"], ""))
        self.assertEqual((last.hosts, last.commands, last.shown), (["w1", "w2"], "echo b\necho c\n", ""))

    def test_what_would_not_be_run_is_refused(self):
        for text in ("```sh\nls\n```\n", "```\nls\n```\n", "```text\na\n```\n", "```console s1\nls\n```\n",
                     "```sh a\nls\n```\n```text\na\n```\n```text\nb\n```\n"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, r"line \d+: neither"):
                steps(text)

    def test_what_is_shown_must_have_been_printed_in_this_order(self):
        printed = "NODE  SEEN  STATE\nw1    now   ok\nw2    3s ago  lost  1 (2s)\n"
        for shown in ("w1 now ok", "NODE …\n…\nw2  …  lost …", "w1    now   ok\nw2 3s ago lost 1 (2s)", "… lost …", ""):
            self.assertIsNone(missing(shown, printed), shown)
        for shown in ("w1 now", "w1 now lost", "w2 … lost …\nw1 now ok", "w1 now ok\nw1 now ok", "w.*", "now"):
            self.assertIsNotNone(missing(shown, printed), shown)
        self.assertEqual(missing("w1 …\nw9", printed), "w9")


if __name__ == "__main__":
    unittest.main()
