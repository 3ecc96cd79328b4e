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

    /// FROM and WHERE: the rows that are asked for.
    pub(super) fn rows(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        self.push(" FROM ", None).push(grid.from, None);
        self.push(if has_condition(grid.from) { "" } else { " WHERE true" }, None);
        if asked.is_nothing {
            self.push(" AND false", None);
        }
        for (filter, value) in &asked.filters {
            self.push(" AND (", None).push(filter.sql, Some(value)).push(")", None);
        }
        self
    }

    /// The rows behind the place where the page begins, in order.
    pub(super) fn ordered(&mut self, grid: &Grid, asked: &Asked) -> &mut Self {
        let Sort { sql, .. } = order_of(asked);
        let (compared, direction) = if asked.descending { (" < (", " DESC") } else { (" > (", "") };
        if let Some(after) = &asked.after {
            self.push(" AND (", None).push(sql, None).push(", ", None).push(grid.key, None).push(")", None);
            self.push(compared, None).push("{}", Some(&after.value)).push(", ", None);
            self.push("{}", Some(&Value::Number(after.id))).push(")", None);
        }
        self.push(" ORDER BY ", None).push(sql, None).push(direction, None);
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

    static GRID: Grid = Grid {
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
    };

    #[test]
    fn values_are_bound_and_never_written() {
        let caller = Caller { id: 7, rights: Vec::new(), now: "2026-07-01T00:00:00Z".parse().unwrap() };
        let filters = vec![
            (GRID.filter("any").unwrap(), Value::Text("'; drop".into())),
            (GRID.filter("mine").unwrap(), Value::Flag(true)),
        ];
        let after = Some(super::super::Position { value: Value::Text("b".into()), id: 3 });
        let asked = Asked { filters, column: &GRID.columns[0], descending: true, is_nothing: false, after };
        let mut statement = Statement::new(&caller);
        statement.push("SELECT 1", None).rows(&GRID, &asked).ordered(&GRID, &asked);
        assert_eq!(
            statement.text(),
            "SELECT 1 FROM thing t LEFT JOIN LATERAL (SELECT 1 WHERE $1 > t.at) x ON true WHERE true AND (t.a = $2 OR t.b = $2) \
             AND ((t.owner = $3) = $4) AND (lower(t.name), t.id) < ($5, $6) ORDER BY lower(t.name) DESC, t.id DESC"
        );
        assert_eq!(statement.values.len(), 6);
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
