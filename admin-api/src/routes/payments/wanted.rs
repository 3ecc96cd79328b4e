//! What requests about payments have in common.
//!
//! Owns: how the distribution of a payment is said.
//! Does not own: what it does (`billing::payments`).
//! Always: nothing said means the oldest first.

use billing::payments::{Choice, Item};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;

/// Most items that one request names.
const ITEMS_MAX: usize = 500;

/// What a payment pays. Absent: what is open, the oldest first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPays {
    /// Items in the order in which they are paid; none: all of it stays as advance.
    items: Vec<WantedPart>,
    /// Whether only these are paid; else, once they are, what else is open, the oldest first. Items with amounts are always the only ones.
    #[serde(default)]
    only: bool,
}

/// Something that a payment pays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPart {
    /// Kind of the document, or `charge`.
    kind: String,
    /// Its number; of a charge, that of its posting.
    number: String,
    /// How much of it, a decimal as a string; all items have one or none.
    #[serde(default)]
    amount: Option<String>,
}

impl WantedPart {
    fn item(&self, at: usize) -> Result<Item, Problem> {
        let pointer = |field: &str| format!("/pays/items/{at}/{field}");
        item(&pointer("kind"), &self.kind, &pointer("number"), &self.number)
    }
}

/// An item by kind and number.
pub(crate) fn item(kind_at: &str, kind: &str, number_at: &str, number: &str) -> Result<Item, Problem> {
    if !Item::is_kind(kind) {
        let expected = Text::fixed(
            "Ожидается вид документа: строчные латинские буквы и _, или charge",
            "A kind of document is expected: small letters and _, or charge",
        );
        return Err(Problem::field(kind_at, expected));
    }
    Ok(Item { kind: kind.to_owned(), number: inputs::word(number_at, number)?.to_owned() })
}

/// The distribution that is wanted.
pub(crate) fn choice(pays: Option<&WantedPays>) -> Result<Choice, Problem> {
    let Some(pays) = pays else { return Ok(Choice::OldestFirst) };
    if pays.items.len() > ITEMS_MAX {
        let most = Text::new(format!("Не больше {ITEMS_MAX}"), format!("At most {ITEMS_MAX}"));
        return Err(Problem::field("/pays/items", most));
    }
    let items =
        pays.items.iter().enumerate().map(|(at, part)| part.item(at)).collect::<Result<Vec<Item>, Problem>>()?;
    let mut amounts: Vec<Decimal> = Vec::new();
    for (at, part) in pays.items.iter().enumerate() {
        if let Some(text) = given(part.amount.as_deref()) {
            amounts.push(inputs::amount(&format!("/pays/items/{at}/amount"), text)?);
        }
    }
    if amounts.is_empty() {
        return Ok(if pays.only || items.is_empty() { Choice::Only(items) } else { Choice::First(items) });
    }
    if amounts.len() != items.len() {
        let all =
            Text::fixed("Сумма указана не у всех: укажите у всех или ни у одного", "All items have an amount, or none");
        return Err(Problem::field("/pays/items", all));
    }
    Ok(Choice::Amounts(items.into_iter().zip(amounts).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Choice, Problem> {
        let pays: WantedPays = serde_json::from_str(json).unwrap();
        choice(Some(&pays))
    }

    #[test]
    fn distributions_are_read() {
        let item = |number: &str| Item { kind: "invoice".into(), number: number.into() };
        assert_eq!(choice(None).unwrap(), Choice::OldestFirst);
        for (json, expected) in [
            (r#"{"items": []}"#, Choice::Only(Vec::new())),
            (r#"{"items": [{"kind": "invoice", "number": "1"}]}"#, Choice::First(vec![item("1")])),
            (r#"{"items": [{"kind": "invoice", "number": "1"}], "only": true}"#, Choice::Only(vec![item("1")])),
            (
                r#"{"items": [{"kind": "invoice", "number": "1", "amount": "1.50"}]}"#,
                Choice::Amounts(vec![(item("1"), Decimal::new(150, 2))]),
            ),
        ] {
            assert_eq!(read(json).unwrap(), expected, "{json}");
        }
        for json in [
            r#"{"items": [{"kind": "Invoice", "number": "1"}]}"#,
            r#"{"items": [{"kind": "invoice", "number": ""}]}"#,
            r#"{"items": [{"kind": "invoice", "number": "1", "amount": "x"}]}"#,
            r#"{"items": [{"kind": "invoice", "number": "1", "amount": "1"}, {"kind": "invoice", "number": "2"}]}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
