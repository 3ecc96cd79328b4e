"""Where settings go, where data begin, what a form holds. Needs no engine."""

import unittest

from local import clickhouse_statement as statement


def rewritten(sql, settings, default_format="RowBinary"):
    parsed = statement.parse(statement.scan_text(sql))
    if isinstance(parsed, statement.DataInsert):
        return statement.engine_text(parsed.head_with(settings)) + " | " + parsed.format
    return statement.engine_text(parsed.with_settings(settings, default_format))


class SettingsOfInserts(unittest.TestCase):
    def check(self, sql, expected, settings=None):
        self.assertEqual(rewritten(sql, settings or {"a": "1"}), expected)

    def test_between_head_and_format(self):
        self.check("INSERT INTO t (x, y) FORMAT RowBinary", "INSERT INTO t (x, y)\nSETTINGS a = '1' | RowBinary")

    def test_between_head_and_values(self):
        self.check("insert into t values (1, 'a;b')", "insert into t\nSETTINGS a = '1' | Values")

    def test_joins_a_clause_that_is_there(self):
        self.check("INSERT INTO t SETTINGS b = 2 FORMAT TSV", "INSERT INTO t SETTINGS b = 2\n, a = '1' | TSV")

    def test_the_statement_wins_over_the_url(self):
        self.check("INSERT INTO t SETTINGS a = 2 FORMAT TSV", "INSERT INTO t SETTINGS a = 2 | TSV")

    def test_in_front_of_select(self):
        self.check("INSERT INTO t (x) SELECT 1", "INSERT INTO t (x)\nSETTINGS a = '1'\nSELECT 1")

    def test_in_front_of_with(self):
        self.check("INSERT INTO t WITH 1 AS x SELECT x", "INSERT INTO t\nSETTINGS a = '1'\nWITH 1 AS x SELECT x")

    def test_in_front_of_select_in_parentheses(self):
        self.check("INSERT INTO t (SELECT 1)", "INSERT INTO t\nSETTINGS a = '1'\n(SELECT 1)")

    def test_with_in_front_of_insert(self):
        self.check("WITH 1 AS x INSERT INTO t SELECT x", "WITH 1 AS x INSERT INTO t SELECT x\nSETTINGS a = '1'")

    def test_the_select_of_an_insert_wins_over_the_url(self):
        self.check("INSERT INTO t SELECT 1 SETTINGS a = 2", "INSERT INTO t SELECT 1 SETTINGS a = 2")

    def test_a_comment_does_not_swallow_them(self):
        self.check("INSERT INTO t -- note\nFORMAT TSV", "INSERT INTO t -- note\nSETTINGS a = '1' | TSV")

    def test_names_that_look_like_clauses(self):
        self.check("INSERT INTO format.values (format, values) FORMAT TSV",
                   "INSERT INTO format.values (format, values)\nSETTINGS a = '1' | TSV")

    def test_table_functions(self):
        self.check("INSERT INTO FUNCTION null('format TSV') FORMAT CSV", "INSERT INTO FUNCTION null('format TSV')\nSETTINGS a = '1' | CSV")

    def test_values_are_quoted(self):
        self.check("INSERT INTO t FORMAT TSV", r"INSERT INTO t" + "\n" + r"SETTINGS k = 'it\'s \\n' | TSV", {"k": r"it's \n"})

    def test_names_are_checked(self):
        with self.assertRaises(statement.StatementError) as raised:
            rewritten("INSERT INTO t FORMAT TSV", {"a = 1, b": "2"})
        self.assertEqual(raised.exception.code, 115)


class SettingsOfOthers(unittest.TestCase):
    def check(self, sql, expected):
        self.assertEqual(rewritten(sql, {"a": "1"}), expected)

    def test_none_leave_the_text_alone(self):
        self.assertEqual(rewritten("SELECT 1;", {}), "SELECT 1")

    def test_behind_the_default_format(self):
        self.check("SELECT 1", "SELECT 1\nFORMAT RowBinary SETTINGS a = '1'")

    def test_behind_a_format(self):
        self.check("SELECT 1 FORMAT TSV", "SELECT 1 FORMAT TSV\nSETTINGS a = '1'")

    def test_join_a_clause_behind_a_format(self):
        self.check("SELECT 1 FORMAT TSV SETTINGS b = 2", "SELECT 1 FORMAT TSV SETTINGS b = 2\n, a = '1'")

    def test_beside_the_settings_of_a_select(self):
        self.check("SELECT 1 SETTINGS b = 2", "SELECT 1 SETTINGS b = 2\nFORMAT RowBinary SETTINGS a = '1'")

    def test_beside_the_settings_of_a_table(self):
        self.check("CREATE TABLE t (x Int8) ENGINE = MergeTree ORDER BY x SETTINGS index_granularity = 1",
                   "CREATE TABLE t (x Int8) ENGINE = MergeTree ORDER BY x SETTINGS index_granularity = 1\nFORMAT RowBinary SETTINGS a = '1'")

    def test_delete_has_no_format(self):
        self.check("DELETE FROM t WHERE x = 1", "DELETE FROM t WHERE x = 1\nSETTINGS a = '1'")

    def test_statements_without_settings(self):
        for sql in ("SYSTEM FLUSH LOGS", "GRANT SELECT ON *.* TO u", "CREATE OR REPLACE FUNCTION f AS x -> x", "DROP USER IF EXISTS u"):
            self.check(sql, sql)

    def test_words_inside_strings_comments_and_names(self):
        for sql in ("SELECT 'FORMAT TSV', $$SETTINGS a = 1$$", "SELECT 1 AS format", "SELECT `settings` FROM t", "SELECT 1 /* FORMAT TSV */ + 1"):
            self.check(sql, sql + "\nFORMAT RowBinary SETTINGS a = '1'")

    def test_closing_comment_and_semicolon_go(self):
        self.check("SELECT 1; -- done", "SELECT 1\nFORMAT RowBinary SETTINGS a = '1'")

    def test_other_alphabets_survive(self):
        self.check("SELECT 'привет', 'Ёж'", "SELECT 'привет', 'Ёж'\nFORMAT RowBinary SETTINGS a = '1'")


class Kinds(unittest.TestCase):
    def parse(self, sql):
        return statement.parse(sql)

    def test_two_statements_are_refused(self):
        with self.assertRaises(statement.StatementError) as raised:
            self.parse("SELECT 1; DROP TABLE t")
        self.assertEqual(raised.exception.code, 62)

    def test_nothing_is_refused(self):
        for sql in ("", "  ", "-- only a comment", ";"):
            with self.assertRaises(statement.StatementError):
                self.parse(sql)

    def test_insert_that_continues_in_the_body(self):
        self.assertIsInstance(self.parse("INSERT INTO t (a)"), statement.Unfinished)

    def test_data_begin_behind_one_line_end(self):
        for sql, data in (("INSERT INTO t FORMAT RowBinary", ""), ("INSERT INTO t FORMAT TSV\n\n1", "\n1"),
                          ("INSERT INTO t FORMAT TSV \t\r\n1", "1"), ("INSERT INTO t VALUES (1)", " (1)")):
            parsed = self.parse(sql)
            self.assertEqual(sql[parsed.data_start:], data)

    def test_binary_data_are_not_looked_at(self):
        data = bytes(range(256)) * 4
        text = b"INSERT INTO t FORMAT RowBinary\n".decode() + data.decode("latin-1")
        self.assertEqual(text[self.parse(text).data_start:].encode("latin-1"), data)

    def test_files_and_temporary_tables_are_marked(self):
        self.assertTrue(self.parse("SELECT 1 INTO OUTFILE 'x'").writes_a_file)
        self.assertTrue(self.parse("INSERT INTO t FROM INFILE 'x' FORMAT CSV").writes_a_file)
        self.assertTrue(self.parse("CREATE TEMPORARY TABLE t (a Int8)").temporary)
        self.assertFalse(self.parse("CREATE TABLE t (temporary Int8)").temporary)


class Parameters(unittest.TestCase):
    def test_sorted_by_purpose(self):
        parameters = statement.sort_parameters([("query", "SELECT 1"), ("param_x", "7"), ("max_threads", "1"), ("session_id", "s")])
        self.assertEqual(parameters.interface, {"query": "SELECT 1", "session_id": "s"})
        self.assertEqual(parameters.substitutions, {"x": "7"})
        self.assertEqual(parameters.settings, {"max_threads": "1"})

    def test_identifiers_are_quoted(self):
        self.assertEqual(statement.quote_identifier("a`b\\"), "`a\\`b\\\\`")

    def test_form(self):
        body = (b'--X\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {a: String}\r\n'
                b'--X\r\nContent-Disposition: form-data; name="param_a"\r\n\r\n\xd0\xb6\r\nb\r\n--X--\r\n')
        self.assertEqual(statement.multipart_fields("multipart/form-data; boundary=X", body),
                         [("query", "SELECT {a: String}"), ("param_a", "ж\r\nb")])

    def test_form_that_was_cut_off(self):
        with self.assertRaises(statement.StatementError):
            statement.multipart_fields("multipart/form-data; boundary=X", b'--X\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT')

    def test_external_tables_are_refused(self):
        body = b'--X\r\nContent-Disposition: form-data; name="t"; filename="t.csv"\r\n\r\n1\r\n--X--\r\n'
        with self.assertRaises(statement.StatementError) as raised:
            statement.multipart_fields("multipart/form-data; boundary=X", body)
        self.assertEqual(raised.exception.code, 48)


if __name__ == "__main__":
    unittest.main()
