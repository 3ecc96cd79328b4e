"""The two checks of the API from outside: a generated client that does the first things, and Schemathesis over every operation.

Owns: how the tools are run, what is asked of them, what is left out and why.
Does not own: the program (`served`), the tools' installation (`tools`), what the client does (`smoke`).
Always: an exit status; what was found is saved below `.stack/reports`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local import layout

from api_lib import served, small_operator, tools

PACKAGE = "tollgate_client"
SEED = 20260701
EXAMPLES = 25
SECONDS = 900

# Checks of Schemathesis that must find nothing. Not among them, each for its reason:
#   positive_data_acceptance      a body may fit its schema and break a rule that no schema says: check digits of an INN, a currency that is off, a day in a
#                                 closed month. 422 is then the right answer.
#   use_after_free, ensure_resource_availability
#                                 they follow links between operations, which the description has none of; what is deleted here mostly stays visible as ended.
#   ignored_auth, unsupported_method, missing_required_header
#                                 tests/it/guards.rs asks every operation without a token and without the right; the router's tests ask with other methods.
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "negative_data_rejection")


def api_client(server):
    """A Python client is generated from the committed description and does what anybody does first."""
    environment = tools.install(server.place, tools.GENERATOR)
    server.start()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        config = directory / "config.yml"
        # Nobody reads this code: it needs no formatting.
        config.write_text(f"package_name_override: {PACKAGE}\npost_hooks: []\n", encoding="utf-8")
        generated = directory / PACKAGE
        command = [tools.program(environment, "openapi-python-client"), "generate", "--path", server.openapi, "--meta", "none",
                   "--output-path", generated, "--overwrite", "--config", config]
        status = run(command, environment)
        if status:
            return status
        secrets = {"TOLLGATE_URL": server.address, "TOLLGATE_SALES": server.token("smoke-sales", "sales"),
                   "TOLLGATE_SUPPORT": server.token("smoke-support", "support")}
        smoke = layout.REPOSITORY / "deploy" / "api_lib" / "smoke.py"
        return run([environment / "bin" / "python", "-B", smoke], environment, PYTHONPATH=str(directory), **secrets)


def schemathesis(server, examples=EXAMPLES, seed=SEED):
    """Every operation with examples of the description, with values at the edges of the schemas, and with made-up ones, good and bad."""
    environment = tools.install(server.place, tools.FUZZER)
    server.start()
    report = server.reports / "schemathesis"
    if report.exists():
        shutil.rmtree(report)
    report.mkdir(parents=True)
    config = report / "schemathesis.toml"
    config.write_text(configuration(), encoding="utf-8")
    print(f"{served.operations(server.openapi)} operations, up to {examples} made-up requests each, seed {seed}; the report: {report}", flush=True)
    # `--config-file` is an option of the program, the others are options of its command.
    command = [tools.program(environment, "schemathesis"), "--config-file", config, "run", server.openapi, "--url", server.address,
               "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", examples, "--seed", seed,
               "--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "35", "--workers", "2",
               "--report", "junit", "--report-dir", report, "--continue-on-failure", "--no-color"]
    return run(command, environment, seconds=SECONDS, directory=report, TOLLGATE_TOKEN=server.token("schemathesis", "admin"))


def configuration():
    """What the command line has no option for. The token comes from the environment, so that no file has it."""
    lines = ['headers = { Authorization = "Bearer ${TOLLGATE_TOKEN}", "Accept-Language" = "en" }', "",
             "[checks.negative_data_rejection]",
             "# 405: a path parameter that is empty, `..` or has a slash makes another path. 412: an If-Match that no record has. 413, 415: bodies.",
             'expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429"]', ""]
    for path, names in small_operator.NAMES.items():
        # A path that names something is worth more than a hundred that name nothing.
        parameters = ", ".join(f'"path.{name}" = {json.dumps(value)}' for name, value in names.items())
        pattern = "^" + path.replace("{", "\\{").replace("}", "\\}") + "(/|$)"
        lines += ["[[operations]]", f"include-path-regex = '{pattern}'", "exclude-method = 'DELETE'", f"parameters = {{ {parameters} }}", ""]
    return "\n".join(lines)


def run(command, environment, seconds=None, directory=None, **variables):
    """Runs a tool with its output on the terminal; the exit status, 1 when it takes too long."""
    path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    own = dict(os.environ, PATH=path, PYTHONUNBUFFERED="1", NO_PROXY="*", **variables)
    try:
        return subprocess.run([str(part) for part in command], cwd=str(directory or layout.REPOSITORY), stdin=subprocess.DEVNULL, env=own,
                              timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        print(f"{Path(str(command[0])).name}: not done within {seconds} s", file=sys.stderr)
        return 1
