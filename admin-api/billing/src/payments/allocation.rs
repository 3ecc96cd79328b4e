//! What a payment pays of what is open (L17, B20).
//!
//! Owns: the order in which open items are paid, parts of them, what stays as advance.
//! Does not own: which items are open and what is left of them, the postings that follow.
//! Always: pure; the parts and the advance add up to the payment to the kopeck; no item gets more than is left of it; an item gets nothing before those ahead
//! of it have all that they lack, except where a person says how much each gets.

use std::fmt;

use chrono::NaiveDate;
use rating::wording::Language;
use rust_decimal::Decimal;

use crate::sums::is_in_kopecks;

/// An invoice or a charge that is not paid in full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenItem {
    /// Id.
    pub id: i64,
    /// The day by which the oldest is found.
    pub day: NaiveDate,
    /// What is left to pay.
    pub rest: Decimal,
}

/// In which order items are paid.
#[derive(Clone, Copy, Debug)]
pub enum Order<'a> {
    /// The oldest first; of one day, the one with the smaller id.
    OldestFirst,
    /// These in this order, and no others.
    Only(&'a [i64]),
    /// These in this order, then the others, the oldest first.
    First(&'a [i64]),
    /// Exactly so much of each, and no others.
    Amounts(&'a [(i64, Decimal)]),
}

/// What an item gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Id of the item.
    pub id: i64,
    /// How much, above zero.
    pub amount: Decimal,
}

/// A payment, distributed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allocation {
    /// What the items get, in the order in which they are paid; those that get nothing are not here.
    pub parts: Vec<Part>,
    /// What stays on the account.
    pub advance: Decimal,
}

/// Why a payment cannot be distributed so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocationError {
    /// The payment is no amount above zero in kopecks.
    Payment(Decimal),
    /// What is left of an item is no amount in kopecks.
    Rest(i64, Decimal),
    /// What an item is to get is no amount above zero in kopecks.
    Amount(i64, Decimal),
    /// There is no such open item.
    Unknown(i64),
    /// An item stands twice.
    Twice(i64),
    /// An item is to get more than is left of it.
    AboveRest {
        /// Item.
        id: i64,
        /// What it is to get.
        asked: Decimal,
        /// What is left.
        rest: Decimal,
    },
    /// All together they are to get more than the payment: this is missing.
    AbovePayment(Decimal),
}

impl AllocationError {
    /// What is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let russian = language == Language::Russian;
        match self {
            Self::Payment(amount) if russian => {
                format!("сумма платежа {amount} должна быть больше нуля и без долей копейки")
            }
            Self::Payment(amount) => {
                format!("the amount of the payment, {amount}, has to be above zero and without parts of a kopeck")
            }
            Self::Rest(id, rest) if russian => {
                format!("остаток начисления {id}, {rest}, отрицательный или с долями копейки; исправьте начисление")
            }
            Self::Rest(id, rest) => {
                format!("the rest of item {id}, {rest}, is below zero or has parts of a kopeck; correct the item")
            }
            Self::Amount(id, amount) if russian => {
                format!("сумма {amount} для начисления {id} должна быть больше нуля и без долей копейки")
            }
            Self::Amount(id, amount) => {
                format!("the amount {amount} for item {id} has to be above zero and without parts of a kopeck")
            }
            Self::Unknown(id) if russian => {
                format!("открытого начисления {id} нет; возможно, оно уже оплачено — обновите список")
            }
            Self::Unknown(id) => format!("there is no open item {id}; it may be paid by now, read the list again"),
            Self::Twice(id) if russian => format!("начисление {id} указано дважды; оставьте одно"),
            Self::Twice(id) => format!("item {id} stands twice; leave one"),
            Self::AboveRest { id, asked, rest } if russian => {
                format!("на начисление {id} распределено {asked}, а осталось оплатить {rest}; уменьшите сумму")
            }
            Self::AboveRest { id, asked, rest } => {
                format!("item {id} is to get {asked}, and {rest} is left to pay; lower the amount")
            }
            Self::AbovePayment(missing) if russian => {
                format!("распределено на {missing} больше суммы платежа; уменьшите суммы")
            }
            Self::AbovePayment(missing) => {
                format!("the amounts are {missing} more than the payment; lower them")
            }
        }
    }
}

impl fmt::Display for AllocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

impl std::error::Error for AllocationError {}

/// Distributes a payment.
///
/// # Errors
/// The first thing that stands against it; nothing is distributed in part.
pub fn allocate(payment: Decimal, open: &[OpenItem], order: Order<'_>) -> Result<Allocation, AllocationError> {
    if !is_in_kopecks(payment) || payment <= Decimal::ZERO {
        return Err(AllocationError::Payment(payment));
    }
    if let Some(item) = open.iter().find(|item| !is_in_kopecks(item.rest) || item.rest < Decimal::ZERO) {
        return Err(AllocationError::Rest(item.id, item.rest));
    }
    each_once(open.iter().map(|item| item.id))?;
    let by_age = || {
        let mut items = open.to_vec();
        items.sort_by_key(|item| (item.day, item.id));
        items
    };
    match order {
        Order::OldestFirst => Ok(in_turn(payment, by_age())),
        Order::Only(ids) => Ok(in_turn(payment, chosen(open, ids)?)),
        Order::First(ids) => {
            let mut items = chosen(open, ids)?;
            items.extend(by_age().into_iter().filter(|item| !ids.contains(&item.id)));
            Ok(in_turn(payment, items))
        }
        Order::Amounts(amounts) => by_hand(payment, open, amounts),
    }
}

/// With two decimals, whatever was given.
fn kopecks(mut amount: Decimal) -> Decimal {
    amount.rescale(2);
    amount
}

fn each_once(ids: impl Iterator<Item = i64>) -> Result<(), AllocationError> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.windows(2).find(|pair| pair[0] == pair[1]).map_or(Ok(()), |pair| Err(AllocationError::Twice(pair[0])))
}

/// The items with these ids, in this order.
fn chosen(open: &[OpenItem], ids: &[i64]) -> Result<Vec<OpenItem>, AllocationError> {
    each_once(ids.iter().copied())?;
    let item = |id: &i64| open.iter().find(|item| item.id == *id).copied().ok_or(AllocationError::Unknown(*id));
    ids.iter().map(item).collect()
}

/// Pays one item after the other until nothing is left.
fn in_turn(payment: Decimal, items: Vec<OpenItem>) -> Allocation {
    let mut left = payment;
    let mut parts = Vec::new();
    for item in items {
        let amount = left.min(item.rest);
        if amount > Decimal::ZERO {
            parts.push(Part { id: item.id, amount: kopecks(amount) });
            left -= amount;
        }
    }
    Allocation { parts, advance: kopecks(left) }
}

/// Gives each what a person says.
fn by_hand(payment: Decimal, open: &[OpenItem], amounts: &[(i64, Decimal)]) -> Result<Allocation, AllocationError> {
    let ids: Vec<i64> = amounts.iter().map(|(id, _)| *id).collect();
    let mut left = payment;
    let mut parts = Vec::new();
    for (item, (id, amount)) in chosen(open, &ids)?.into_iter().zip(amounts.iter().copied()) {
        if !is_in_kopecks(amount) || amount <= Decimal::ZERO {
            return Err(AllocationError::Amount(id, amount));
        }
        if amount > item.rest {
            return Err(AllocationError::AboveRest { id, asked: amount, rest: item.rest });
        }
        left -= amount;
        parts.push(Part { id, amount: kopecks(amount) });
    }
    if left < Decimal::ZERO {
        return Err(AllocationError::AbovePayment(kopecks(-left)));
    }
    Ok(Allocation { parts, advance: kopecks(left) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn item(id: i64, day: u32, rest: &str) -> OpenItem {
        OpenItem { id, day: NaiveDate::from_ymd_opt(2026, 1, day).unwrap(), rest: sum(rest) }
    }

    /// Item 7 is the oldest, 3 and 5 are of one day.
    fn open() -> Vec<OpenItem> {
        vec![item(5, 20, "500.00"), item(3, 20, "300.00"), item(7, 10, "200.00"), item(9, 30, "0.00")]
    }

    fn shown(result: &Result<Allocation, AllocationError>) -> String {
        match result {
            Ok(done) => {
                let parts: Vec<String> = done.parts.iter().map(|part| format!("{}={}", part.id, part.amount)).collect();
                format!("{} + {}", parts.join(" "), done.advance)
            }
            Err(error) => format!("{error:?}"),
        }
    }

    /// payment | order | parts and advance
    #[test]
    fn payments_are_distributed_in_order() {
        use Order::{Amounts, First, OldestFirst, Only};
        for (payment, order, expected) in [
            ("200.00", OldestFirst, "7=200.00 + 0.00"),
            ("0.01", OldestFirst, "7=0.01 + 0.00"),
            ("600", OldestFirst, "7=200.00 3=300.00 5=100.00 + 0.00"),
            // 200.00 + 300.00 + 500.00 = 1000.00.
            ("1000.05", OldestFirst, "7=200.00 3=300.00 5=500.00 + 0.05"),
            ("600.00", Only(&[5]), "5=500.00 + 100.00"),
            ("600.00", Only(&[5, 7]), "5=500.00 7=100.00 + 0.00"),
            ("600.00", Only(&[]), " + 600.00"),
            ("600.00", Only(&[9]), " + 600.00"),
            ("900.00", First(&[5]), "5=500.00 7=200.00 3=200.00 + 0.00"),
            ("300.00", First(&[5]), "5=300.00 + 0.00"),
            ("500.00", Amounts(&[(3, Decimal::ONE_HUNDRED), (5, Decimal::ONE)]), "3=100.00 5=1.00 + 399.00"),
        ] {
            assert_eq!(shown(&allocate(sum(payment), &open(), order)), expected, "{payment} {order:?}");
        }
        // A payment of 500 over two charges: 300 and 200.
        let by_hand = [(3, sum("300")), (5, sum("200"))];
        assert_eq!(shown(&allocate(sum("500"), &open(), Amounts(&by_hand))), "3=300.00 5=200.00 + 0.00");
        // 3270.00 pays an invoice of that sum, 3000.00 leaves 270.00 of it.
        let invoice = [item(1, 1, "3270.00")];
        assert_eq!(shown(&allocate(sum("3270.00"), &invoice, OldestFirst)), "1=3270.00 + 0.00");
        assert_eq!(shown(&allocate(sum("3000.00"), &invoice, OldestFirst)), "1=3000.00 + 0.00");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        use AllocationError::{AbovePayment, AboveRest, Amount, Payment, Rest, Twice, Unknown};
        use Order::{Amounts, First, OldestFirst, Only};
        let twice = [item(1, 1, "1"), item(1, 2, "1")];
        let (fine, below) = ([item(1, 1, "0.001")], [item(1, 1, "-1")]);
        let known = open();
        let above = [(3, sum("300.01"))];
        let too_many = [(3, sum("300")), (5, sum("200.01"))];
        for (payment, open, order, expected) in [
            ("0", &known[..], OldestFirst, Payment(sum("0"))),
            ("-1", &known, OldestFirst, Payment(sum("-1"))),
            ("0.001", &known, OldestFirst, Payment(sum("0.001"))),
            ("1", &fine, OldestFirst, Rest(1, sum("0.001"))),
            ("1", &below, OldestFirst, Rest(1, sum("-1"))),
            ("1", &twice, OldestFirst, Twice(1)),
            ("1", &known, Only(&[3, 3]), Twice(3)),
            ("1", &known, First(&[4]), Unknown(4)),
            ("1", &known, Amounts(&[(4, Decimal::ONE)]), Unknown(4)),
            ("1", &known, Amounts(&[(3, Decimal::ZERO)]), Amount(3, Decimal::ZERO)),
            ("500", &known, Amounts(&above), AboveRest { id: 3, asked: sum("300.01"), rest: sum("300.00") }),
            ("500", &known, Amounts(&too_many), AbovePayment(sum("0.01"))),
        ] {
            let error = allocate(sum(payment), open, order).unwrap_err();
            assert_eq!(error, expected);
            assert_ne!(error.text(Language::Russian), error.to_string());
        }
    }

    /// The same in the dullest way: every kopeck goes to the first item that still lacks one.
    fn kopeck_by_kopeck(payment: i64, queue: &[(i64, i64)]) -> (Vec<(i64, i64)>, i64) {
        let mut given: Vec<(i64, i64)> = queue.iter().map(|(id, _)| (*id, 0)).collect();
        let mut advance = 0;
        for _ in 0..payment {
            let lacking = (0..queue.len()).find(|at| given[*at].1 < queue[*at].1);
            match lacking {
                Some(at) => given[at].1 += 1,
                None => advance += 1,
            }
        }
        given.retain(|(_, amount)| *amount > 0);
        (given, advance)
    }

    proptest! {
        #[test]
        fn every_kopeck_is_somewhere(
            payment in 1i64..2_000,
            rests in prop::collection::vec((1u32..5, 0i64..300), 0..8),
            picked in prop::collection::vec(0usize..8, 0..8),
            way in 0usize..3,
        ) {
            let open: Vec<OpenItem> = rests.iter().zip(1..).map(|((day, rest), id)| OpenItem {
                id,
                day: NaiveDate::from_ymd_opt(2026, 1, *day).unwrap(),
                rest: Decimal::new(*rest, 2),
            }).collect();
            let mut ids: Vec<i64> = Vec::new();
            for at in picked {
                if let Some(item) = open.get(at) && !ids.contains(&item.id) {
                    ids.push(item.id);
                }
            }
            // The order, found by asking again and again for the oldest that is left.
            let mut aged: Vec<i64> = Vec::new();
            while let Some(next) = open.iter().filter(|item| !aged.contains(&item.id)).min_by_key(|item| (item.day, item.id)) {
                aged.push(next.id);
            }
            let others: Vec<i64> = aged.iter().copied().filter(|id| !ids.contains(id)).collect();
            let (order, queue) = match way {
                0 => (Order::OldestFirst, aged),
                1 => (Order::Only(&ids), ids.clone()),
                _ => (Order::First(&ids), [ids.clone(), others].concat()),
            };
            let rest_of = |id: i64| rests[usize::try_from(id - 1).unwrap()].1;
            let queue: Vec<(i64, i64)> = queue.into_iter().map(|id| (id, rest_of(id))).collect();
            let (parts, advance) = kopeck_by_kopeck(payment, &queue);

            let done = allocate(Decimal::new(payment, 2), &open, order).unwrap();
            let expected: Vec<Part> =
                parts.into_iter().map(|(id, amount)| Part { id, amount: Decimal::new(amount, 2) }).collect();
            prop_assert_eq!(&done.parts, &expected);
            prop_assert_eq!(done.advance, Decimal::new(advance, 2));
            // What was distributed can be said by hand, and comes to the same.
            let said: Vec<(i64, Decimal)> = done.parts.iter().map(|part| (part.id, part.amount)).collect();
            prop_assert_eq!(allocate(Decimal::new(payment, 2), &open, Order::Amounts(&said)).unwrap(), done);
        }
    }
}
