//! Endpoints of products.
//!
//! Owns: the list of them, and what they have in common.
//! Does not own: products (`billing::products`).
//! Always: no change without a reason; a closed product stays readable.

pub(crate) mod add;
pub(crate) mod close;
pub(crate) mod update;

use billing::products::{ProductError, TaxCategory};

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};

impl From<ProductError> for Problem {
    fn from(error: ProductError) -> Self {
        match error {
            ProductError::NotFound => Self::new(Code::NotFound),
            ProductError::CodeInUse => {
                Self::new(Code::AlreadyExists).at("/code", Text::fixed("Код занят", "The code is taken"))
            }
            ProductError::Closed => {
                Self::new(Code::InvalidTransition).because(Text::fixed("Продукт закрыт", "The product is closed"))
            }
            ProductError::BuiltIn => Self::new(Code::InvalidTransition).because(Text::fixed(
                "По этому продукту начисляет сама программа: его не закрывают",
                "The program charges this product itself: it is not closed",
            )),
            ProductError::Stale => Self::new(Code::Stale),
            ProductError::Store(error) => error.into(),
        }
    }
}

/// A tax category by its name.
fn tax_category(text: &str) -> Result<TaxCategory, Problem> {
    inputs::one_of("/tax_category", text, TaxCategory::NAMES.iter().copied())
}

/// A code of a new product, or of another thing of a directory.
pub(crate) fn code(text: &str) -> Result<String, Problem> {
    let code = inputs::word("/code", text.trim())?;
    let begins = code.starts_with(|first: char| first.is_ascii_lowercase());
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_.-".contains(letter);
    if begins && code.len() <= 50 && code.chars().all(is_plain) {
        return Ok(code.to_owned());
    }
    let form = Text::fixed(
        "Код: строчная латинская буква, затем буквы, цифры, «_», «.», «-»; не больше 50",
        "A code is a small Latin letter, then letters, digits, `_`, `.`, `-`; 50 at most",
    );
    Err(Problem::field("/code", form))
}
