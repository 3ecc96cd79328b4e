"""What anybody does first with the API, by the generated client. Run by `steps.api_client` inside the generator's environment.

Owns: the requests and what must come back.
Does not own: the client, which was generated a moment ago from admin-api/openapi.json.
Always: a surprise ends it with status 1 and says which step it was.
"""

import json
import os
import sys

from tollgate_client import AuthenticatedClient
from tollgate_client.api.clients import client_create, client_get, client_update, contact_list
from tollgate_client.api.health import health
from tollgate_client.models import ClientChange, WantedClient


def client(role):
    token = os.environ[f"TOLLGATE_{role.upper()}"]
    return AuthenticatedClient(base_url=os.environ["TOLLGATE_URL"], token=token, headers={"Accept-Language": "en"})


def expect(step, answer, status, code=None):
    """The body of an answer that must have this status and, if it refuses, this code."""
    body = json.loads(answer.content or b"null")
    if int(answer.status_code) != status or (code is not None and body.get("code") != code):
        sys.exit(f"smoke: {step}: {int(answer.status_code)} instead of {status} {code or ''}: {body}")
    print(f"  {step}: {status} {code or ''}".rstrip())
    return body


def wanted(email):
    return WantedClient.from_dict({"name": "Generated", "email": email, "reason": "smoke"})


def main():
    sales, support = client("sales"), client("support")
    expect("health", health.sync_detailed(client=sales), 200)
    made = expect("make a client", client_create.sync_detailed(client=sales, body=wanted("smoke@example.ru")), 201)
    code = made["code"]
    answer = client_get.sync_detailed(code, client=sales)
    card = expect("read the card", answer, 200)
    if card["email"] != "smoke@example.ru" or getattr(answer.parsed, "email", None) != "smoke@example.ru":
        sys.exit(f"smoke: the card is another one, or is not parsed: {card}, {answer.parsed}")
    tag = answer.headers["ETag"]
    listed = expect("list", contact_list.sync_detailed(code, client=sales), 200)
    if listed["items"] != []:
        sys.exit(f"smoke: a new client has no contacts: {listed}")
    expect("without the right", client_create.sync_detailed(client=support, body=wanted("other@example.ru")), 403, "forbidden")
    expect("nobody", client_get.sync_detailed("nobody", client=sales), 404, "not_found")
    expect("the same e-mail", client_create.sync_detailed(client=sales, body=wanted("SMOKE@example.ru")), 409, "email_in_use")
    change = ClientChange.from_dict({"name": "Changed", "reason": "smoke"})
    expect("change it", client_update.sync_detailed(code, client=sales, body=change, if_match=tag), 200)
    expect("change what was seen before", client_update.sync_detailed(code, client=sales, body=change, if_match=tag), 412, "stale")


if __name__ == "__main__":
    main()
