//! Statements of lists, put together from the constants of a [`Grid`].
//!
//! Owns: text and values of a statement.
//! Does not own: when it is run (`page`).
//! Always: the text consists of constants and `$n`; values are bound.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};

use super::asked::{Asked, Caller, Value};
use super::{Filter, Found, Grid, Sort};

/// A statement and what is bound to it.
pub(super) struct Statement<'a> {
    text: String,
    values: Vec<Value>,
    caller: &'a Caller,
    /// Numbers of the parameters `{now}`, `{caller}`, `{rights}`, once they were needed.
    named: [Option<usize>; 3],
}

impl<'a> Statement<'a> {
    pub(super) fn new(caller: &'a Caller) -> Self {
        Self { text: String::new(), values: Vec::new(), caller, named: [None; 3] }
    }

    /// Adds a constant, in which `{}` is `own`.
    pub(super) fn push(&mut self, sql: &str, own: Option<&Value>) -> &mut Self {
        let mut bound = None;
        let mut rest = sql;
        while let Some((before, inside)) = rest.split_once('{') {
            let (name, after) = inside.split_once('}').expect("a brace in a list's constant is closed");
            self.text.push_str(before);
            let at = match name {
                "" => *bound.get_or_insert_with(|| self.bind(own.expect("only filters have a value").clone())),
                "now" => self.named(0, Value::Moment(self.caller.now)),
                "caller" => self.named(1, Value::Number(self.caller.id)),
                "rights" => self.named(2, Value::Words(self.caller.rights.clone())),
                other => panic!("a list's constant speaks of {{{other}}}"),
            };
            self.text.push('$');
            self.text.push_str(&at.to_string());
            rest = after;
        }
        self.text.push_str(rest);
        self
    }

    fn bind(&mut self, value: Value) -> usize {
        self.values.push(value);
        self.values.len()
    }

    fn named(&mut self, which: usize, value: Value) -> usize {
        if let Some(at) = self.named[which] {
            return at;
        }
        let at = self.bind(value);
        self.named[which] = Some(at);
        at
    }

    /// The keys of a page: key, order.
    pub(super) fn keys(&mut self, grid: &Grid, asked: &Asked, limit: i64) -> &mut Self {
        let rows = Rows::of(grid, asked, Joined::Needed);
        self.push("SELECT ", None).push(rows.key, None).push(", ", None).push(order_of(asked).sql, None);
        self.chosen(&rows, asked).push(&format!(" LIMIT {limit}"), None)
    }

    /// The rows of some keys, which are bound last: key, columns. The same text for whatever page of the list.
    pub(super) fn of_keys(&mut self, grid: &Grid) -> &mut Self {
        self.push("SELECT ", None).push(grid.key, None).columns(grid).push(" FROM ", None).push(grid.from, None);
        self.push(if has_condition(grid.from) { " AND " } else { " WHERE " }, None).push(grid.key, None);
        let last = self.values.len() + 1;
        self.push(&format!(" = ANY(${last})"), None)
    }

    /// A page at once: key, order, columns.
    pub(super) fn page(&mut self, grid: &Grid, asked: &Asked, limit: i64) -> &mut Self {
        self.walk(grid, asked).push(&format!(" LIMIT {limit}"), None)
    }

    /// All rows in order: key, order, columns.
    pub(super) fn walk(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        let rows = Rows::of(grid, asked, Joined::All);
        self.push("SELECT ", None).push(rows.key, None).push(", ", None).push(order_of(asked).sql, None);
        self.columns(grid).chosen(&rows, asked)
    }

    /// How many rows there are, whatever the page.
    pub(super) fn count(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        let rows = Rows::counted(grid, asked);
        self.filtered(&rows, asked)
    }

    /// The columns, behind what is selected before.
    fn columns(&mut self, grid: &Grid) -> &mut Self {
        for column in grid.columns {
            self.push(", ", None).push(column.sql, None);
        }
        self
    }

    /// FROM and WHERE: the rows that are asked for.
    fn filtered(&mut self, rows: &Rows<'_>, asked: &Asked) -> &mut Self {
        self.push(" FROM ", None);
        if let Some((_, found, value)) = rows.found {
            self.push("(", None).push(&found.text(value), Some(value)).push(") f", None);
        }
        self.push(&rows.from, None);
        self.push(if has_condition(&rows.from) { "" } else { " WHERE true" }, None);
        if asked.is_nothing {
            self.push(" AND false", None);
        }
        for (filter, value) in rows.filters(asked) {
            self.push(" AND (", None).push(filter.sql, Some(value)).push(")", None);
        }
        self
    }

    /// Those of them behind the place where the page begins, in order; the key is the last word.
    fn chosen(&mut self, rows: &Rows<'_>, asked: &Asked) -> &mut Self {
        self.filtered(rows, asked);
        let order = order_of(asked).sql;
        let (compared, direction) = if asked.descending { (" < (", " DESC") } else { (" > (", "") };
        if let Some(after) = &asked.after {
            self.push(" AND (", None).push(order, None).push(", ", None).push(rows.key, None).push(")", None);
            self.push(compared, None).push("{}", Some(&after.value)).push(", ", None);
            self.push("{}", Some(&Value::Number(after.id))).push(")", None);
        }
        self.push(" ORDER BY ", None).push(order, None).push(direction, None);
        self.push(", ", None).push(rows.key, None).push(direction, None)
    }

    /// The query, planned for these very values: a list that is narrow for one is wide for another.
    pub(super) fn query(&self) -> Query<'_, Postgres, PgArguments> {
        self.kept_query().persistent(false)
    }

    /// The query, planned once for all values.
    pub(super) fn kept_query(&self) -> Query<'_, Postgres, PgArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text.clone()));
        for value in &self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Words(words) => query.bind(words),
                Value::Number(number) => query.bind(number),
                Value::Amount(amount) => query.bind(amount),
                Value::Flag(flag) => query.bind(flag),
                Value::Moment(moment) => query.bind(moment),
                Value::Day(day) => query.bind(day),
            };
        }
        query
    }

    #[cfg(test)]
    fn text(&self) -> &str {
        &self.text
    }
}

/// How the asked column is ordered.
pub(super) fn order_of(asked: &Asked) -> Sort {
    asked.column.sort.expect("rows are ordered by sortable columns")
}

impl Found {
    /// The statement for a value.
    fn text(&self, value: &Value) -> String {
        let parts: Vec<&str> = self.parts.iter().filter(|part| (part.holds)(value)).map(|part| part.sql).collect();
        let none = "SELECT NULL::bigint AS id WHERE false";
        self.sql.replace("{parts}", &if parts.is_empty() { none.to_owned() } else { parts.join(" UNION ALL ") })
    }
}

/// How much of a FROM clause a statement has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// All of it.
    All,
    /// What the choice of rows and their order speak of.
    Needed,
}

/// The rows of a statement: where they come from, and what names them.
struct Rows<'a> {
    /// The filter that finds them; its statement, `f`, stands before `from`.
    found: Option<(&'static Filter, Found, &'a Value)>,
    /// FROM, or what follows `f` in it.
    from: String,
    /// The key.
    key: &'static str,
}

impl<'a> Rows<'a> {
    /// The rows in their order.
    fn of(grid: &Grid, asked: &'a Asked, joined: Joined) -> Self {
        Self::new(grid, asked, joined, asked.found().filter(|_| asked.is_as_found()), order_of(asked).sql)
    }

    /// The rows in whatever order.
    fn counted(grid: &Grid, asked: &'a Asked) -> Self {
        Self::new(grid, asked, Joined::Needed, asked.found(), "")
    }

    fn new(
        grid: &Grid,
        asked: &'a Asked,
        joined: Joined,
        found: Option<(&'static Filter, Found, &'a Value)>,
        order: &str,
    ) -> Self {
        let mut rows = Self { found, from: String::new(), key: if found.is_some() { "f.id" } else { grid.key } };
        let said = rows.filters(asked).map(|(filter, _)| filter.sql).chain([rows.key, order]);
        let said = said.collect::<Vec<_>>().join(" ");
        let mut kept = parts(grid.from);
        let first = kept.remove(0);
        if joined == Joined::Needed {
            kept = needed(&kept, &said);
        }
        let rest = kept.concat();
        rows.from = if found.is_none() {
            format!("{first}{rest}")
        } else if joined == Joined::All || !rest.is_empty() || speaks_of(&said, alias_of(first)) {
            format!(" JOIN {first} ON {} = f.id{rest}", grid.key)
        } else {
            rest
        };
        rows
    }

    /// The filters that are conditions of these rows.
    fn filters(&self, asked: &'a Asked) -> impl Iterator<Item = &'a (&'static Filter, Value)> {
        let finder = self.found.map(|(filter, ..)| filter.name);
        asked.filters.iter().filter(move |(filter, _)| Some(filter.name) != finder)
    }
}

/// The joins of a FROM clause without those of which `said` does not speak. A row joined by LEFT JOIN neither adds a row of the list nor takes one away, as no
/// two share a key; the planner sees that too, but does not then see that an index alone has the answer.
fn needed<'a>(joins: &[&'a str], said: &str) -> Vec<&'a str> {
    let mut said = said.to_owned();
    let mut kept = Vec::new();
    for part in joins.iter().rev() {
        let alias = part.strip_prefix(" LEFT JOIN ").and_then(alias);
        if alias.is_none_or(|alias| speaks_of(&said, alias)) {
            said.push_str(part);
            kept.push(*part);
        }
    }
    kept.reverse();
    kept
}

/// A FROM clause, cut before each JOIN and WHERE outside all brackets.
fn parts(from: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0_i32, 0, Vec::new());
    for (at, letter) in from.char_indices() {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        let rest = &from[at..];
        let is_cut = [" LEFT JOIN ", " CROSS JOIN ", " WHERE "].iter().any(|word| rest.starts_with(word))
            || (rest.starts_with(" JOIN ") && !from[..at].ends_with(" LEFT") && !from[..at].ends_with(" CROSS"));
        if depth == 0 && is_cut {
            parts.push(&from[begin..at]);
            begin = at;
        }
    }
    parts.push(&from[begin..]);
    parts
}

/// The name of a joined table: `party p ON ..`, `party ON ..`, `LATERAL (SELECT ..) x ON ..`.
fn alias(joined: &str) -> Option<&str> {
    let mut depth = 0_i32;
    let end_of_table = joined.char_indices().find(|(_, letter)| {
        depth += i32::from(*letter == '(') - i32::from(*letter == ')');
        depth == 0 && (*letter == ')' || (*letter == ' ' && !joined.starts_with("LATERAL")))
    });
    let (table, rest) = joined.split_at(end_of_table?.0 + 1);
    let word = rest.trim_start().split(' ').next()?;
    Some(if word == "ON" { table.trim_end() } else { word })
}

/// The name of the table that a FROM clause begins with: `client c`, `client`.
fn alias_of(first: &str) -> &str {
    first.split_whitespace().nth(1).unwrap_or(first)
}

/// Whether SQL has `alias.something`.
fn speaks_of(sql: &str, alias: &str) -> bool {
    sql.match_indices(alias).any(|(at, _)| {
        let is_begun = !sql[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        is_begun && sql[at + alias.len()..].starts_with('.')
    })
}

/// Whether a FROM clause ends with a condition of its own, outside all brackets.
fn has_condition(from: &str) -> bool {
    let mut depth = 0_i32;
    from.char_indices().any(|(at, letter)| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth == 0 && from[at..].starts_with(" WHERE ")
    })
}

#[cfg(test)]
mod tests {
    use super::super::{AS_FOUND, Column, Read};
    use super::*;

    const GRID: Grid = Grid {
        name: "things",
        ru: "Вещи",
        en: "Things",
        from: "thing t LEFT JOIN LATERAL (SELECT 1 WHERE {now} > t.at) x ON true",
        key: "t.id",
        columns: &[Column::text("name", "t.name", "Имя", "Name", "x").sorted_by("lower(t.name)")],
        filters: &[
            Filter::new("any", "t.a = {} OR t.b = {}", Read::Word, "", ""),
            Filter::new("mine", "(t.owner = {caller}) = {}", Read::Flag, "", ""),
        ],
        order: "name",
        required: &[],
        keys_first: false,
    };

    #[test]
    fn values_are_bound_and_never_written() {
        static GRID: Grid = self::GRID;
        let caller = Caller { id: 7, rights: Vec::new(), now: "2026-07-01T00:00:00Z".parse().unwrap() };
        let filters = vec![
            (GRID.filter("any").unwrap(), Value::Text("'; drop".into())),
            (GRID.filter("mine").unwrap(), Value::Flag(true)),
        ];
        let after = Some(super::super::Position { value: Value::Text("b".into()), id: 3 });
        let asked = Asked { filters, column: &GRID.columns[0], descending: true, is_nothing: false, after };
        let mut statement = Statement::new(&caller);
        statement.page(&GRID, &asked, 3);
        assert_eq!(
            statement.text(),
            "SELECT t.id, lower(t.name), t.name FROM thing t LEFT JOIN LATERAL (SELECT 1 WHERE $1 > t.at) x ON true WHERE true AND (t.a = $2 OR t.b = $2) \
             AND ((t.owner = $3) = $4) AND (lower(t.name), t.id) < ($5, $6) ORDER BY lower(t.name) DESC, t.id DESC LIMIT 3"
        );
        assert_eq!(statement.values.len(), 6);
    }

    #[test]
    fn keys_are_chosen_before_columns_are_read() {
        static FIRST: Grid = Grid { from: "thing t LEFT JOIN x ON x.id = t.x WHERE t.seen", keys_first: true, ..GRID };
        let caller = Caller { id: 7, rights: Vec::new(), now: "2026-07-01T00:00:00Z".parse().unwrap() };
        let filters = vec![(FIRST.filter("any").unwrap(), Value::Text("x".into()))];
        let asked = Asked { filters, column: &FIRST.columns[0], descending: false, is_nothing: false, after: None };
        let mut statement = Statement::new(&caller);
        statement.keys(&FIRST, &asked, 3);
        assert_eq!(
            statement.text(),
            "SELECT t.id, lower(t.name) FROM thing t WHERE t.seen AND (t.a = $1 OR t.b = $1) ORDER BY lower(t.name), t.id LIMIT 3"
        );
        let mut statement = Statement::new(&caller);
        statement.of_keys(&FIRST);
        assert_eq!(
            statement.text(),
            "SELECT t.id, t.name FROM thing t LEFT JOIN x ON x.id = t.x WHERE t.seen AND t.id = ANY($1)"
        );
    }

    #[test]
    fn what_an_index_finds_needs_no_table() {
        const FOUND: &str = "SELECT w.thing AS id, w.word AS place FROM word w WHERE w.word LIKE {} ORDER BY 2, 1";
        static FINDING: Grid = Grid {
            from: "thing t LEFT JOIN x ON x.id = t.x",
            filters: &[
                Filter::new("word", "t.word LIKE {}", Read::Word, "", "")
                    .found(FOUND, |value| *value != Value::Text("%".into())),
                Filter::new("x", "x.name = {}", Read::Word, "", ""),
            ],
            ..GRID
        };
        let caller = Caller { id: 7, rights: Vec::new(), now: "2026-07-01T00:00:00Z".parse().unwrap() };
        let text = |filters: &[(&str, &str)], column: &'static Column, what: &str| {
            let value = |text: &str| Value::Text(text.to_owned());
            let filters = filters.iter().map(|(name, text)| (FINDING.filter(name).unwrap(), value(text))).collect();
            let after = (what == "keys behind").then(|| super::super::Position { value: value("b"), id: 3 });
            let asked = Asked { filters, column, descending: false, is_nothing: false, after };
            let mut statement = Statement::new(&caller);
            match what {
                "count" => statement.push("SELECT count(*)", None).count(&FINDING, &asked),
                "walk" => statement.walk(&FINDING, &asked),
                _ => statement.keys(&FINDING, &asked, 3),
            };
            statement.text().replace("SELECT w.thing AS id, w.word AS place FROM word w WHERE w.word LIKE", "..")
        };
        let word = ("word", "w%");
        for (filters, column, what, expected) in [
            (&[word][..], &AS_FOUND, "count", "SELECT count(*) FROM (.. $1 ORDER BY 2, 1) f WHERE true"),
            (&[word], &FINDING.columns[0], "count", "SELECT count(*) FROM (.. $1 ORDER BY 2, 1) f WHERE true"),
            (
                &[word],
                &AS_FOUND,
                "keys behind",
                "SELECT f.id, f.place FROM (.. $1 ORDER BY 2, 1) f WHERE true AND (f.place, f.id) > ($2, $3) ORDER BY f.place, f.id LIMIT 3",
            ),
            (
                &[("x", "y"), word],
                &AS_FOUND,
                "keys",
                "SELECT f.id, f.place FROM (.. $1 ORDER BY 2, 1) f JOIN thing t ON t.id = f.id LEFT JOIN x ON x.id = t.x WHERE true AND (x.name = $2) \
                 ORDER BY f.place, f.id LIMIT 3",
            ),
            (
                &[word],
                &AS_FOUND,
                "walk",
                "SELECT f.id, f.place, t.name FROM (.. $1 ORDER BY 2, 1) f JOIN thing t ON t.id = f.id LEFT JOIN x ON x.id = t.x WHERE true \
                 ORDER BY f.place, f.id",
            ),
            // Another order has an index of its own, and what is not found by words has none.
            (
                &[word],
                &FINDING.columns[0],
                "keys",
                "SELECT t.id, lower(t.name) FROM thing t WHERE true AND (t.word LIKE $1) ORDER BY lower(t.name), t.id LIMIT 3",
            ),
            (
                &[("word", "%")],
                &FINDING.columns[0],
                "count",
                "SELECT count(*) FROM thing t WHERE true AND (t.word LIKE $1)",
            ),
        ] {
            assert_eq!(text(filters, column, what), expected, "{filters:?} {what}");
        }
    }

    #[test]
    fn what_is_not_spoken_of_is_not_joined() {
        static JOINED: Grid = Grid {
            from: "thing t JOIN owner o ON o.id = t.owner LEFT JOIN party p ON p.id = o.party \
                   LEFT JOIN LATERAL (SELECT count(*) AS n FROM part q LEFT JOIN kind k ON k.id = q.kind WHERE q.thing = t.id) x ON true \
                   LEFT JOIN city ON city.id = p.city LEFT JOIN kind kk ON kk.id = t.kind WHERE t.seen",
            filters: &[
                Filter::new("city", "city.name = {}", Read::Word, "", ""),
                Filter::new("parts", "x.n = {}", Read::Word, "", ""),
                Filter::new("own", "t.name = {}", Read::Word, "", ""),
            ],
            ..GRID
        };
        let lateral = " LEFT JOIN LATERAL (SELECT count(*) AS n FROM part q LEFT JOIN kind k ON k.id = q.kind WHERE q.thing = t.id) x ON true";
        for (filter, expected) in [
            ("city", " LEFT JOIN party p ON p.id = o.party LEFT JOIN city ON city.id = p.city"),
            ("parts", lateral),
            ("own", ""),
        ] {
            let filters = vec![(JOINED.filter(filter).unwrap(), Value::Text("x".into()))];
            let asked =
                Asked { filters, column: &JOINED.columns[0], descending: false, is_nothing: false, after: None };
            let whole = format!("thing t JOIN owner o ON o.id = t.owner{expected} WHERE t.seen");
            assert_eq!(Rows::counted(&JOINED, &asked).from, whole, "{filter}");
        }
    }

    #[test]
    fn conditions_of_their_own_are_seen() {
        for (from, expected) in [
            ("a", false),
            ("a WHERE a.x", true),
            ("a JOIN (SELECT FROM b WHERE b.y) c ON true", false),
            ("a JOIN (SELECT FROM b WHERE b.y) c ON true WHERE a.x IS NULL", true),
        ] {
            assert_eq!(has_condition(from), expected, "{from}");
        }
    }
}
