"""What staff put right after such a month: suspense recycled, charges rated again, an import taken back and sent again.

Owns: the story, in three chapters, each checked by what it must have changed.
Does not own: the work (`cdr-ingest rework` executes what the API files), the comparison of the books (`cdr-ingest reconcile`).
Always: after the last chapter ClickHouse and Postgres agree again; a chapter that finds nothing to put right is a failure of the demo.
"""

import datetime
import json
from decimal import Decimal

from local import layout
from local.failure import StackError

from demo_lib.children import free_port, wait_until
from demo_lib.progress import say
from demo_lib.tour import START_SECONDS, Api, Subject, calls_of, clipped, make_token, rows

ROLLED_BACK = 1_000
DIFFERENCES_SHOWN = 4
RECYCLED_CODE = "NO_RETAIL_PRICE"


class Desk:
    """The API, and whoever executes what it files."""

    def __init__(self, setting, children, api):
        self.setting, self.children, self.api = setting, children, api

    def done(self, path, body):
        """Files a job, has it executed, and returns how it ended."""
        job = self.api.post(path, body)["job"]
        self.work()
        return self.api.get(f"/v1/rework/{job}")

    def execute(self, job):
        self.api.post(f"/v1/rework/{job['id']}/execute", {"reason": "as shown"})
        self.work()
        return self.api.get(f"/v1/rework/{job['id']}")

    def work(self):
        self.children.foreground("rework", [self.setting.ingest, "--log", "warn", "rework", *self.setting.books])

    def owed(self, account):
        """What the calls of an account come to, as Postgres knows it."""
        return -Decimal(self.api.get(f"/v1/accounts/{account}")["balance"])


def require(condition, what):
    if not condition:
        raise StackError(what)


# ---- the chapters, each with the lines of its story

def recycle(desk, subject):
    """A price is added for a number that had none; everything that waited for it is charged."""
    waiting = desk.api.get("/v1/suspense", {"code": RECYCLED_CODE, "limit": 1})["total"]
    require(waiting, "nothing waits for a price, so there is nothing to recycle: use more --cdrs")
    # A price for the rest of the world: longer prefixes keep theirs.
    world = "prefix,service,price,billing\n" + "".join(f"{digit},outgoing,30.00,60/60\n" for digit in "12345689")
    for name in last_lists(desk.setting):
        activate(desk, name, world)
    job = desk.done("/v1/suspense/recycle", {"code": RECYCLED_CODE, "reason": "prices were added"})
    counts = job["counts"]
    yield f"{waiting} records wait for a price ({RECYCLED_CODE}); the rest of the world is given one, and all of them tried again:"
    yield f"    job {job['id']} {job['state']}: {told(counts)}"
    require(job["state"] == "done" and counts.get("recycled"), f"nothing was recycled: {job}")
    again = desk.done("/v1/suspense/recycle", {"code": RECYCLED_CODE, "reason": "once more"})
    require(not again["counts"].get("recycled"), f"recycling a second time charged something: {again}")
    yield f"    tried once more: {told(again['counts']) or 'nothing waits'}"


def rate_again(desk, subject):
    """A price was wrong: what it would come to is shown first, then done."""
    before = desk.owed(subject.account)
    period = {"from": min(subject.days), "to": max(subject.days)}
    call = next(call for call in calls_of(desk.api, subject, limit=1000)["items"] if Decimal(call["gross"]) and call["prefix"])
    prefix = call["prefix"]
    for name in lists_of(desk.setting, subject.account):
        activate(desk, name, f"prefix,service,price,billing\n{prefix},outgoing,0.10,1/1\n")
    job = desk.done("/v1/re-ratings", {"account": subject.account, "prefix": prefix, **period, "side": "retail", "reason": "a wrong price"})
    yield f"the price of {prefix} was wrong; the calls of {subject.account} to it, rated again in a dry run: {told(job['counts'])}"
    shown = desk.api.get(f"/v1/rework/{job['id']}/differences", {"limit": 1000})["items"]
    for row in shown[:DIFFERENCES_SHOWN]:
        yield f"    {row['destination']:<28} {row['charges']:>6} calls  {row['retail_before']:>12} -> {row['retail_after']:>12} {row['currency']}"
    require(desk.owed(subject.account) == before, "a dry run changed a balance")
    done = desk.execute(job)
    require(done["state"] == "done" and done["counts"] == job["counts"] and job["counts"].get("changed"), f"the execution is not the dry run: {done}")
    change = sum(Decimal(row["retail_after"]) - Decimal(row["retail_before"]) for row in shown)
    after = desk.owed(subject.account)
    require(after - before == change, f"the balance moved by {after - before}, the dry run said {change}")
    yield f"    executed: the balance moves by {-change}, to the nano-unit what was shown"


def roll_back(desk, subject):
    """Records that should not have come are taken back with everything they did, and sent again."""
    setting = desk.setting
    place = {"topic": setting.topic, "partition": 0, "from_offset": 0, "to_offset": min(ROLLED_BACK, setting.cdrs // setting.partitions // 2)}
    job = desk.done("/v1/roll-backs", {"place": place, "reason": "sent by mistake"})
    yield f"offsets 0 to {place['to_offset']} of partition 0 should not have come; taken back in a dry run: {told(job['counts'])}"
    done = desk.execute(job)
    require(done["state"] == "done" and done["counts"] == job["counts"] and job["counts"].get("charges"), f"the execution is not the dry run: {done}")
    yield "    executed: charges, balances, counters and statistics are as if they had never come"
    reconcile(desk)
    resend = [setting.ingest, "resend", "--kafka", setting.kafka, "--topic", setting.topic, "--partition", 0, "--from", 0, "--to", place["to_offset"]]
    desk.children.foreground("resend", resend)
    desk.children.foreground("run-again", setting.run("demo-1", "--stop-at-end"))
    job = desk.done("/v1/roll-backs", {"place": place, "reason": "is anything left?"})
    require(not job["counts"].get("charges"), f"something was left: {job}")
    yield "    sent again and charged again, each once"


CHAPTERS = (recycle, rate_again, roll_back)


def last_lists(setting):
    """The lowest price list of each plan: what it has is found when no list above it has anything longer."""
    lowest = {}
    for row in rows(setting.operator / "plans.csv"):
        if row["plan"] not in lowest or int(row["layer"]) > int(lowest[row["plan"]]["layer"]):
            lowest[row["plan"]] = row
    return sorted({row["list"] for row in lowest.values()})


def lists_of(setting, account):
    """The price lists of an account's plan."""
    plan = next(row["plan"] for row in rows(setting.operator / "accounts.csv") if row["account"] == account)
    return sorted({row["list"] for row in rows(setting.operator / "plans.csv") if row["plan"] == plan})


def activate(desk, name, prices):
    """Brings prices into a list, in force since the beginning of the calls."""
    since = desk.setting.until[:10]
    draft = desk.api.upload(f"/v1/price-lists/{name}/imports", {"date": earlier(since), "backdate": "yes"}, prices)
    desk.api.post(f"/v1/price-lists/{name}/imports/{draft['id']}/activate", {"reason": "demo", "backdate": True})


def earlier(day):
    """A day before all calls of the demo."""
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=60)).isoformat()


def told(counts):
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))


def reconcile(desk):
    printed, status = desk.children.output("reconcile", [desk.setting.ingest, "reconcile", *desk.setting.books])
    if status != 0:
        raise StackError(f"the books do not agree:\n{printed}{desk.children.tail('reconcile')}")
    return json.loads(printed.splitlines()[-1])


def walk(setting, children):
    """Tells the whole story and returns its text."""
    say("putting things right: recycling, re-rating, roll-back")
    token = make_token(setting, children)
    address = f"{layout.HOST}:{free_port()}"
    service = children.start("admin-api", [setting.admin, "serve", "--listen", address, *setting.books])
    api = Api(f"http://{address}", token)
    wait_until("admin-api is ready", api.is_ready, START_SECONDS, [service])
    desk, subject = Desk(setting, children, api), Subject(setting.operator, setting.expected)
    lines = ["\n── Putting things right ".ljust(85, "─")]
    for chapter in CHAPTERS:
        try:
            lines += [clipped("  " + line) for line in chapter(desk, subject)]
        except (KeyError, TypeError, ValueError, ArithmeticError, StopIteration) as error:
            raise StackError(f"chapter `{chapter.__name__}`: an answer is not of the expected form ({type(error).__name__}: {error})") from None
    found = reconcile(desk)
    lines.append(f"  after all of it ClickHouse and Postgres agree in {found['sums']} sums by account, currency and day\n")
    service.terminate()
    return "\n".join(lines)
