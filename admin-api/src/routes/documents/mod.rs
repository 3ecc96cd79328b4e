//! Endpoints of documents that were issued.
//!
//! Owns: the list of them, and what the refusals of the room are to whoever asks.
//! Does not own: documents (`billing::documents`, whose list is theirs), how they are made.
//! Always: no document without a reason.

pub(crate) mod enter;

use billing::documents::DocumentError;

use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NoAccount | DocumentError::NoDocument => Self::new(Code::NotFound),
            DocumentError::NoContract(number) => Self::field(
                "/contract",
                Text::new(
                    format!("У лицевого счёта нет договора {number}"),
                    format!("The account has no contract {number}"),
                ),
            ),
            DocumentError::Exists(number) => Self::new(Code::AlreadyExists).at(
                "/number",
                Text::new(
                    format!("У счёта уже есть документ этого вида с номером {number}"),
                    format!("The account has a document of this kind with the number {number} already"),
                ),
            ),
            DocumentError::BadAmount => Self::field(
                "/amount",
                Text::fixed(
                    "Сумма не нулевая, не больше 999999999.99, не больше двух знаков после запятой; меньше нуля только у УКД",
                    "A sum is not zero, 999999999.99 at most, with at most two decimals; below zero in a `ukd` alone",
                ),
            ),
            DocumentError::BadPayable => Self::field(
                "/payable",
                Text::fixed(
                    "Счёт на оплату всегда к оплате, УКД на уменьшение — никогда: не указывайте это поле",
                    "A payment invoice is always payable, a `ukd` below zero never: leave the field out",
                ),
            ),
            DocumentError::MonthAhead => Self::field(
                "/month",
                Text::fixed(
                    "Документ выставляют не раньше месяца, за который он",
                    "A document is not issued before the month that it bills",
                ),
            ),
            DocumentError::DayAhead(_) => {
                Self::field("/day", Text::fixed("День ещё не наступил", "The day is not there yet"))
            }
            DocumentError::Payment(error) => error.into(),
            DocumentError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (DocumentError::NoAccount, Code::NotFound),
            (DocumentError::NoDocument, Code::NotFound),
            (DocumentError::NoContract("1".into()), Code::Validation),
            (DocumentError::Exists("1".into()), Code::AlreadyExists),
            (DocumentError::BadAmount, Code::Validation),
            (DocumentError::BadPayable, Code::Validation),
            (DocumentError::MonthAhead, Code::Validation),
            (DocumentError::DayAhead(chrono::NaiveDate::MIN), Code::Validation),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
