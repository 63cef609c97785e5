"""A page of the documentation whose commands can be run as they are written.

    ```sh w1 w2         what is typed on the hosts w1 and w2
    ```text             what the block before it prints: these lines in this order, others may come between. … stands
                        for anything, a run of blanks for any other
    <!-- boots: w1 -->  the host w1 is switched on by hand
"""

import re

MARKS = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$|^<!-- boots: (?P<boots>\w+) -->$", re.M | re.S)


class Step:
    """Commands on hosts and what they print; or, without commands, hosts that are switched on."""

    def __init__(self, line, hosts, commands="", shown=""):
        self.line, self.hosts, self.commands, self.shown = line, hosts, commands, shown


def steps(text):
    """The steps of a page in their order. A ValueError names the line of what is no step."""
    found = []
    for mark in MARKS.finditer(text):
        line = text.count("\n", 0, mark.start()) + 1
        kind, *hosts = (mark["info"] or "").split() or [""]
        if mark["boots"]:
            found.append(Step(line, [mark["boots"]]))
        elif kind == "sh" and hosts:
            found.append(Step(line, hosts, mark["body"]))
        elif kind == "text" and not hosts and found and found[-1].commands and not found[-1].shown:
            found[-1].shown = mark["body"]
        else:
            raise ValueError(f"line {line}: neither commands of a host nor what a block before it prints")
    return found


def pattern(line):
    pieces = [r"\s+".join(re.escape(word) for word in piece.split()) for piece in line.strip().split("…")]
    return re.compile(".*".join(pieces))


def missing(shown, printed):
    """The first line of `shown` that was not printed behind those before it; None if all were."""
    rest = iter([line.strip() for line in printed.splitlines()])
    for line in filter(None, map(str.strip, shown.splitlines())):
        if line != "…" and not any(pattern(line).fullmatch(one) for one in rest):
            return line
    return None
