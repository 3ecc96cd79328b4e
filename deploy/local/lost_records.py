"""Says when the broker lost records that Postgres has already counted on.

The local broker keeps records in memory only, so after a restart its logs begin at 0 again while `partition_state`
still says how far Postgres has read. `cdr-ingest` stops such a partition; this is where an operator reads why.

Owns: the comparison of `partition_state.next_offset` in database `tollgate` with the log ends of the broker.
Does not own: those tables (`billing`), any repair: nothing is changed, only said.
Always: quiet while the tables do not exist; databases of tests are not looked at.
"""

import json

from local import engines, kafka_protocol

EXPECTED = """
SELECT coalesce(json_agg(json_build_object('cluster', s.cluster, 'topic', s.topic, 'partition', p.partition, 'next_offset', p.next_offset)
                         ORDER BY s.topic, p.partition), '[]')
FROM partition_state p JOIN stream s ON s.id = p.stream_id
WHERE p.next_offset > 0 AND s.topic IS NOT NULL AND s.topic <> '';
"""
TABLES = "SELECT to_regclass('partition_state') IS NOT NULL AND to_regclass('stream') IS NOT NULL;"
LINES_MAX = 20


def report(postgres, kafka):
    """Lines for the operator: empty if nothing is lost or nothing can be asked."""
    try:
        expected = expected_positions(postgres)
    except engines.Unhealthy as error:
        return [f"lost records: not checked, the positions could not be read from Postgres: {error}"]
    if not expected:
        return []
    partitions = {}
    for row in expected:
        partitions.setdefault(row["topic"], set()).add(row["partition"])
    try:
        ends = kafka_protocol.log_ends(kafka.address, partitions, engines.HEALTH_SECONDS)
    except (OSError, kafka_protocol.ProtocolError) as error:
        return [f"lost records: not checked, the broker could not be asked: {error}"]
    return explain(expected, ends, local=kafka.external is None)


def expected_positions(postgres):
    """Rows of partition_state with what names their topic; none if there are no such tables."""
    psql = postgres.psql()
    if psql is None or engines.run_psql(psql, postgres.address, TABLES).strip() != "t":
        return []
    return json.loads(engines.run_psql(psql, postgres.address, EXPECTED))


def explain(expected, ends, local):
    """What is missing, partition by partition, and the remedy once."""
    lost = [line for row in expected if (line := compare(row, ends))]
    if not lost:
        return []
    lines = lost[:LINES_MAX]
    if len(lost) > LINES_MAX:
        lines.append(f"... and {len(lost) - LINES_MAX} partitions more")
    if local:
        lines.append("the local broker keeps records in memory only: a restart empties it. cdr-ingest stops these partitions.")
    lines.append("remedy: deploy/stack reset and then up (empties all engines), or let the sources write to a new topic" if local else
                 "remedy: restore the topic, or let the sources write to a new topic")
    return lines


def compare(row, ends):
    """One line if the broker's log ends before the position in Postgres, else None."""
    end = ends.get((row["topic"], row["partition"]))
    if end is not None and end >= row["next_offset"]:
        return None
    has = "the broker has no such topic or partition" if end is None else f"the broker's log ends at {end}"
    return (f"LOST RECORDS: topic {row['topic']}, partition {row['partition']} (cluster {row['cluster']}): "
            f"Postgres expects offset {row['next_offset']}, {has}")
