//! Kinds of documents.
//!
//! Owns: the closed list of them, and which make debt.
//! Does not own: what each has to say (`invoicing`).
//! Always: pure.

/// Defines the closed list of kinds with their names.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal;)+) => {
        /// What a document is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum DocumentKind { $($(#[$doc])+ $variant),+ }

        impl DocumentKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

kinds! {
    /// Счёт на оплату: asks for money.
    PaymentInvoice = "payment_invoice";
    /// Счёт-фактура.
    TaxInvoice = "tax_invoice";
    /// УПД: both in one.
    Upd = "upd";
    /// Act of services rendered.
    Act = "act";
    /// УКД: corrects another; may be below zero.
    Ukd = "ukd";
}

impl DocumentKind {
    /// Whether it bills services, and so makes debt (A17).
    pub const fn bills(self) -> bool {
        !matches!(self, Self::PaymentInvoice)
    }
}

impl std::str::FromStr for DocumentKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}
