"""What the demo prints: the lanes while they work, and the summary."""

import shutil
import sys
import time

LINE_EVERY_S = 2.0
DRAW_EVERY_S = 0.25


class LiveView:
    """Lanes, slots and counts: redrawn in place on a terminal, a line every 2 s elsewhere."""

    def __init__(self, total):
        self.total = total
        self.on_terminal = sys.stdout.isatty()
        self.started = time.monotonic()
        self.shown_at = float("-inf")
        self.drawn = 0

    def show(self, lanes, done, last=False):
        now = time.monotonic()
        if not last and now - self.shown_at < (DRAW_EVERY_S if self.on_terminal else LINE_EVERY_S):
            return
        self.shown_at = now
        if self.on_terminal:
            self.draw(lanes, done, now - self.started)
        else:
            parts = [f"{lane['lane']} {lane['busy']}/{lane['slots']} busy, {lane['ready']} ready, "
                     f"{lane['counts']['demoted_out']} demoted" for lane in lanes]
            print(f"  {now - self.started:4.0f} s  {done:3}/{self.total} done;  " + ";  ".join(parts), flush=True)

    def draw(self, lanes, done, seconds):
        width = shutil.get_terminal_size().columns
        filled = 30 * done // self.total
        lines = [f"  {'#' * filled}{'.' * (30 - filled)}  {done}/{self.total} jobs, {seconds:.0f} s",
                 "  LANE   SLOTS     READY  SCHEDULED  SUCCEEDED  BURIED  DEMOTED"]
        for lane in lanes:
            c, slots = lane["counts"], ("#" * lane["busy"]).ljust(lane["slots"], ".")
            lines.append(f"  {lane['lane']:<6} {slots:<8} {lane['ready']:>6} {lane['scheduled']:>10}"
                         f" {c['succeeded']:>10} {c['buried']:>7} {c['demoted_out']:>8}")
        up = f"\033[{self.drawn}A" if self.drawn else ""
        sys.stdout.write(up + "".join(f"\033[K{line[:width - 1]}\n" for line in lines))
        sys.stdout.flush()
        self.drawn = len(lines)


def percentile(values, share):
    """Nearest rank; `values` is not empty."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def spread(values_us):
    """Text of p50 and p99 of microseconds."""
    if not values_us:
        return "-"
    shares = (("p50", .5), ("p99", .99))
    return ", ".join(f"{name} {percentile(values_us, share) / 1e3:,.0f} ms" for name, share in shares)


def outcome_table(rows):
    """`rows` are (lane, outcome, count); returns a table with a line per outcome and a column per lane."""
    lanes = sorted({lane for lane, _, _ in rows}, key=lambda lane: (lane != "fast", lane))
    counts = {(outcome, lane): n for lane, outcome, n in rows}
    lines = [" " * 15 + "".join(f"{lane:>8}" for lane in lanes)]
    for outcome in sorted({o for _, o, _ in rows}, key=lambda o: (o != "succeeded", o)):
        lines.append(f"{outcome:<15}" + "".join(f"{counts.get((outcome, lane), 0):>8}" for lane in lanes))
    return lines


def summary(fabric):
    """The figures of a finished run, from the tables an operator can read."""
    per_attempt = fabric.sql("SELECT lane, outcome, count(*) FROM attempts_view GROUP BY 1, 2")
    per_job = fabric.sql("SELECT lane, state, count(*) FROM jobs_view GROUP BY 1, 2")
    demoted, moved, wasted = fabric.sql(
        "SELECT count(DISTINCT job), count(*), total(run_seconds) FROM attempts_view WHERE outcome = 'demoted'")[0]
    short = ("FROM attempts a JOIN jobs j ON j.id = a.job WHERE a.number = 1 AND a.started_at > 0 "
             "AND j.class IN ('checksums', 'line-counts')")
    waits = [row[0] for row in fabric.sql(f"SELECT a.started_at - j.submitted_at {short}")]
    runs = [row[0] for row in fabric.sql(f"SELECT a.run_time {short} AND a.outcome = 1")]
    last = fabric.sql("SELECT class, (finished_at - submitted_at) / 1e6 FROM jobs WHERE class = 'compress'")
    return ["jobs by end and the lane they ended in", *("  " + line for line in outcome_table(per_job)),
            "attempts by outcome and lane", *("  " + line for line in outcome_table(per_attempt)),
            f"demoted        {demoted} jobs, {moved} times; that threw away {wasted:.1f} s of work",
            f"short jobs     waited {spread(waits)}; ran {spread(runs)}",
            f"compressions   done {', '.join(f'{s:.0f} s' for _, s in last)} after they were submitted"]
