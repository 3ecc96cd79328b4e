"""A short tour of the admin API: what an operator's staff would ask after such a month.

Owns: starting `admin-api serve`, the questions, how the answers are shown.
Does not own: the answers. A question that is not answered with 200 and the fields that it is about is a failure of the demo.
Always: nothing is changed, and charges that are priced again must all be the same; the token lives in the demo's database only; the invoice must be what the oracle expected.
"""

import csv
import json
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal

from local import layout
from local.failure import StackError

from demo_lib.children import free_port, wait_until

START_SECONDS = 60
ANSWER_SECONDS = 30
SERVICE = "outgoing"
CALLS_SHOWN = 4
CALLS_LOOKED_AT = 100
CHARGES_REPLAYED = 10_000
WIDTH = 116
HALF_A_KOPECK = Decimal("0.005")
# Serbia: the number that the rules of locks and tariffs are explained with.
NUMBER_ABROAD = "381114112060"
SECONDS_ABROAD = 75


class Subject:
    """What the tour looks at, chosen from the operator's files: an account with much traffic, a barred number, a number at rest."""

    def __init__(self, operator, expected):
        usage = {}
        for account, currency, day, amount in json.loads(expected.read_text())["retail"]:
            if currency == "RUB":
                usage.setdefault(account, {})[day] = Decimal(amount)
        if not usage:
            raise StackError("nothing was expected to cost anything, so there is nothing to show", "use more --cdrs")
        self.account = max(sorted(usage), key=lambda account: sum(usage[account].values()))
        self.days = usage[self.account]
        self.month = max(self.days)[:7]
        global_locks = (row["mask"] for row in rows(operator / "locks.csv")
                        if not row["account"] and not row["provider"] and row["active"] != "false" and row["mask"].isdigit())
        self.barred = padded(next(global_locks, "53"))
        at_rest = (row["number"] for row in rows(operator / "dids.csv") if row["status"] == "archive" and not row["to"])
        self.did = next(at_rest, None)

    @property
    def month_total(self):
        return sum(amount for day, amount in self.days.items() if day.startswith(self.month))


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def padded(mask):
    """A whole number made of a mask."""
    return mask + "1234567890"[: max(0, 11 - len(mask))]


# ---- the questions, each with the lines of its answer

def account(api, subject):
    found = api.get(f"/v1/accounts/{subject.account}")
    terms = f"{found['payment_mode']}, credit {found['credit_policy']}"
    yield f"account {subject.account}: balance {found['balance']} {found['currency']}, plan {found['plan']}, {terms}"


def calls_of(api, subject, **asked):
    """Calls of the subject's days, of the one service that is looked at."""
    period = {"from": min(subject.days), "to": max(subject.days)}
    return api.get(f"/v1/accounts/{subject.account}/calls", {"service": SERVICE, **period, **asked})


def calls(api, subject):
    found = calls_of(api, subject, limit=CALLS_SHOWN)
    yield f"its {SERVICE} calls: {found['total']}, the last of them"
    for call in found["items"]:
        billed = f"{call['billed_seconds']} s" if call["disposition"] == "answered" else call["disposition"]
        where = call["destination"] or "-"
        yield f"    {call['started_at'][:19]}  {call['service']:<9} {call['dst']:<15} {where:<22} {billed:>10}  {call['gross']:>12} {call['currency']}"


def traffic(api, subject):
    found = api.get(f"/v1/accounts/{subject.account}/traffic", {"from": subject.month, "to": subject.month})
    for month in found["items"]:
        yield f"its traffic of {month['month']}: {month['calls']} calls, {month['seconds']} s, {month['gross']} {month['currency']}"


def why(api, subject):
    found = calls_of(api, subject, limit=CALLS_LOOKED_AT)
    charge = next((call for call in found["items"] if call["disposition"] == "answered" and Decimal(call["gross"])), found["items"][0])
    told = api.get(f"/v1/charges/{charge['id']}/why")
    yield f"why does the call of {charge['started_at'][:19]} cost {charge['gross']} {charge['currency']}?"
    yield from ("    " + line for line in told["text"])
    if not told["agrees"]:
        raise StackError(f"charge {charge['id']} is not what its leg costs: {told['differences']}")


def tariff(api, subject):
    found = api.get("/v1/tariff-check", {"account": subject.account, "number": NUMBER_ABROAD, "seconds": SECONDS_ABROAD})
    explained = found["explanation"]
    price = f"{explained['amount']} {explained['currency']}" if explained["amount"] is not None else explained["refusal"]
    yield f"what does it pay for {SECONDS_ABROAD} s to {NUMBER_ABROAD}? {price}; verdict {found['verdict']}"
    yield from ("    " + line["text"] for line in explained["lines"])


def lock(api, subject):
    found = api.get("/v1/lock-check", {"account": subject.account, "number": subject.barred})
    yield f"why does a call to {subject.barred} not pass? {found['code'] or 'it passes'}"
    yield from (f"    {lock['scope']} lock on {lock['mask']} by {lock['origin']}" for lock in found["locks"])


def number(api, subject):
    if subject.did is None:
        return
    found = api.get(f"/v1/dids/{subject.did}")
    callers = f"{found['calls_in_window']} calls of {found['unique_callers_in_window']} callers in the window"
    yield f"may number {subject.did} be sold again? {found['status']}, {found['non_target_class']}, {callers}"


def invoice(api, subject):
    found = api.get(f"/v1/accounts/{subject.account}/invoices/{subject.month}")
    state = "preliminary" if found["preliminary"] else "final"
    yield f"its invoice of {subject.month}, {state}: {found['gross']} {found['currency']}, of which tax {found['tax']}"
    for line in found["lines"]:
        yield (f"    {line['product']}, {line['service']:<9} {line['calls']:>6} calls {line['seconds']:>8} s  {line['gross']:>12}"
               f"  (tax {line['tax_percent']} %: {line['tax']}, rounding {line['rounding']})")
    difference = abs(Decimal(found["gross"]) - subject.month_total)
    if difference > HALF_A_KOPECK * max(1, len(found["lines"])):
        raise StackError(f"the invoice comes to {found['gross']}, and the oracle expected {subject.month_total}")


QUESTIONS = (account, calls, traffic, why, tariff, lock, number, invoice)


def walk(setting, children):
    """Starts the service, asks everything, and returns the text of the tour."""
    token = make_token(setting, children)
    address = f"{layout.HOST}:{free_port()}"
    service = children.start("admin-api", [setting.admin, "serve", "--listen", address, *setting.books])
    api = Api(f"http://{address}", token)
    wait_until("admin-api is ready", api.is_ready, START_SECONDS, [service])
    text = told(api, Subject(setting.operator, setting.expected))
    service.terminate()
    return text + "\n" + clipped("  " + replay(setting, children))


def replay(setting, children):
    """Charges of the whole stream, each priced again by the catalogue of its time."""
    command = [setting.ingest, "replay", *setting.books, "--sample", CHARGES_REPLAYED, "--json"]
    printed, status = children.output("replay", command)
    try:
        found = json.loads(printed)
    except ValueError:
        raise StackError(f"cdr-ingest replay (status {status}) printed no figures{children.tail('replay')}") from None
    if status != 0 or found["differ"]:
        raise StackError(f"{found['differ']} of {found['charges']} charges differ when they are priced again, first: {found['differing'][:1]}")
    return f"{found['charges']} charges priced again in {found['seconds']} s: all the same to the nano-unit"


def told(api, subject):
    lines = ["\n── The admin API ".ljust(85, "─")]
    for question in QUESTIONS:
        try:
            lines += [clipped("  " + line) for line in question(api, subject)]
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise StackError(f"question `{question.__name__}`: the answer is not of the expected form ({type(error).__name__}: {error})") from None
    return "\n".join(lines)


def clipped(line):
    return line if len(line) <= WIDTH else line[: WIDTH - 2] + ".."


def make_token(setting, children):
    """A token of a user made for the demo."""
    printed, status = children.output("token", [setting.admin, "token", "--postgres", setting.postgres, "--login", "demo", "--role", "admin"])
    if status != 0 or not printed.split():
        raise StackError(f"admin-api gave no token (status {status}){children.tail('token')}")
    return printed.split()[-1]


class Api:
    """Questions to the service with a token."""

    def __init__(self, address, token):
        self._address, self._token = address, token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def is_ready(self):
        try:
            self._opener.open(f"{self._address}/ready", timeout=ANSWER_SECONDS).close()
        except OSError:                     # not listening yet, or not ready yet
            return False
        return True

    def get(self, path, parameters=None):
        return self._ask("GET", path, parameters)

    def post(self, path, body):
        return self._ask("POST", path, None, json.dumps(body).encode(), "application/json")

    def upload(self, path, parameters, csv_text):
        return self._ask("POST", path, parameters, csv_text.encode(), "text/csv")

    def _ask(self, method, path, parameters, body=None, kind=None):
        url = self._address + urllib.parse.quote(path) + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "Accept-Language": "en"}
        if kind:
            headers["Content-Type"] = kind
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            said = error.read().decode("utf-8", "replace").strip()
            raise StackError(f"{method} {url} answers {error.code}: {said[:300]}") from None
        except (OSError, ValueError) as error:
            raise StackError(f"{method} {url} is not answered as it should be: {error}") from None
