"""A very small operator, as files that `cdr-ingest load` takes.

Owns: its files.
Does not own: their formats (cdr-ingest/FORMATS.md).
Always: one of everything that an operation of the API asks for by its code, so that a request may find something.
"""

FILES = {
    "entity.csv": "code,name,currency,zone\nT,Test operator,RUB,Europe/Moscow\n",
    "providers.csv": "provider,name,trunks\nmts,MTS,mts-1 mts-2\n",
    "sources.csv": "source,format,zone,on_net,rules\nsbc,canonical,UTC,once,\n",
    "lists.csv": "list,kind,provider,currency\nretail,retail,,RUB\nwholesale,wholesale,mts,RUB\n",
    "rates.csv": ("list,prefix,service,volume,from_volume,price,unit,billing\nretail,7,outgoing,,,0.60,,1/1\nretail,381,outgoing,,,3.00,,60/60\n"
                  "wholesale,7,,,,0.20,,1/1\nwholesale,381,,,,2.00,,1/1\n"),
    "plans.csv": "plan,layer,list\nbasic,1,retail\n",
    "accounts.csv": "account,plan,client,mode,policy,limit,balance\na1,basic,c1,prepaid,none,,100\na2,basic,c2,postpaid,monthly,1000,\n",
    "dids.csv": "number,status,account,from,to\n74950000001,in_work,a1,,\n74950000002,in_work,a2,,\n74950000008,free,,,\n",
    "locks.csv": "mask,account,origin,reason\n38161,a1,client,own wish\n38162,,operator,abroad\n",
}

# What a parameter of a path should name, by the beginning of the path.
NAMES = {
    "/v1/accounts/{code}": {"code": "a1"},
    "/v1/clients/{code}": {"code": "c1"},
    "/v1/price-lists/{code}": {"code": "retail"},
    "/v1/dids/{number}": {"number": "74950000001"},
    "/v1/locks/{id}": {"id": 1},
    "/v1/roles/{code}": {"code": "support"},
    "/v1/currencies/{code}": {"code": "RUB"},
}


def write(directory):
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
