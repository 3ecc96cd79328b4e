//! Statements of lists, put together from the constants of a [`Grid`].
//!
//! Owns: text and values of a statement.
//! Does not own: when it is run (`page`).
//! Always: the text consists of constants and `$n`; values are bound.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};

use super::asked::{Asked, Caller, Value};
use super::{Grid, Sort};

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

    /// A page: key, order, columns.
    pub(super) fn page(&mut self, grid: &Grid, asked: &Asked, limit: i64) -> &mut Self {
        self.columns(grid, asked);
        if grid.keys_first {
            self.all(grid.from).push(" AND ", None).push(grid.key, None).push(" = ANY(array(SELECT ", None);
            self.push(grid.key, None).all(&needed(grid, asked)).chosen(grid, asked);
            self.push(&format!(" LIMIT {limit}))"), None).in_order(grid, asked)
        } else {
            self.all(grid.from).chosen(grid, asked).push(&format!(" LIMIT {limit}"), None)
        }
    }

    /// All rows in order: key, order, columns.
    pub(super) fn walk(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        self.columns(grid, asked).all(grid.from).chosen(grid, asked)
    }

    /// How many rows there are, whatever the page.
    pub(super) fn count(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        self.all(&needed(grid, asked)).filtered(asked)
    }

    /// SELECT: key, order, columns.
    fn columns(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        self.push("SELECT ", None).push(grid.key, None).push(", ", None).push(order_of(asked).sql, None);
        for column in grid.columns {
            self.push(", ", None).push(column.sql, None);
        }
        self
    }

    /// FROM and WHERE: all rows.
    fn all(&mut self, from: &str) -> &mut Self {
        self.push(" FROM ", None).push(from, None);
        self.push(if has_condition(from) { "" } else { " WHERE true" }, None)
    }

    /// The rows that are asked for.
    fn filtered(&mut self, asked: &Asked) -> &mut Self {
        if asked.is_nothing {
            self.push(" AND false", None);
        }
        for (filter, value) in &asked.filters {
            self.push(" AND (", None).push(filter.sql, Some(value)).push(")", None);
        }
        self
    }

    /// Those of them behind the place where the page begins, in order.
    fn chosen(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        self.filtered(asked);
        let compared = if asked.descending { " < (" } else { " > (" };
        if let Some(after) = &asked.after {
            self.push(" AND (", None)
                .push(order_of(asked).sql, None)
                .push(", ", None)
                .push(grid.key, None)
                .push(")", None);
            self.push(compared, None).push("{}", Some(&after.value)).push(", ", None);
            self.push("{}", Some(&Value::Number(after.id))).push(")", None);
        }
        self.in_order(grid, asked)
    }

    /// ORDER BY; the key is the last word.
    fn in_order(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        let direction = if asked.descending { " DESC" } else { "" };
        self.push(" ORDER BY ", None).push(order_of(asked).sql, None).push(direction, None);
        self.push(", ", None).push(grid.key, None).push(direction, None)
    }

    /// The query, planned for these very values: a list that is narrow for one is wide for another.
    pub(super) fn query(&self) -> Query<'_, Postgres, PgArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text.clone())).persistent(false);
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

/// The FROM clause without what neither the choice of rows nor their order speaks of. A row joined by LEFT JOIN neither adds a row of the list nor takes one
/// away, as no two share a key; the planner sees that too, but does not then see that an index alone has the answer.
fn needed(grid: &Grid, asked: &Asked) -> String {
    let mut said = format!("{} {}", grid.key, order_of(asked).sql);
    for (filter, _) in &asked.filters {
        said.push(' ');
        said.push_str(filter.sql);
    }
    let mut kept = Vec::new();
    for part in parts(grid.from).into_iter().rev() {
        let alias = part.strip_prefix(" LEFT JOIN ").and_then(alias);
        if alias.is_none_or(|alias| speaks_of(&said, alias)) {
            said.push_str(part);
            kept.push(part);
        }
    }
    kept.reverse();
    kept.concat()
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
    use super::super::{Column, Filter, Read};
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
        statement.page(&FIRST, &asked, 3);
        assert_eq!(
            statement.text(),
            "SELECT t.id, lower(t.name), t.name FROM thing t LEFT JOIN x ON x.id = t.x WHERE t.seen \
             AND t.id = ANY(array(SELECT t.id FROM thing t WHERE t.seen AND (t.a = $1 OR t.b = $1) ORDER BY lower(t.name), t.id LIMIT 3)) ORDER BY lower(t.name), t.id"
        );
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
            assert_eq!(needed(&JOINED, &asked), whole, "{filter}");
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
