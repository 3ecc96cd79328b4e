//! Who may give what to whom.
//!
//! Owns: the rules of S41 and of departments.
//! Does not own: who has what.
//! Always: pure.

use std::collections::BTreeSet;

use super::permissions::Permission;

/// Duties that are kept apart from all others (A25): who keeps roles hands them out to others and has none of them.
const APART: &[Permission] =
    &[Permission::PostingReversalRequest, Permission::PostingReversalApprove, Permission::PostingReversalExecute];

/// What of `asked` is not in `own`; nothing = it may be taken for oneself (S41).
pub(super) fn lacking(own: &BTreeSet<Permission>, asked: &BTreeSet<Permission>) -> Vec<Permission> {
    asked.difference(own).copied().collect()
}

/// What of `asked` somebody with `own` may not give to another; nothing = it may be given, or its holder be changed (S41).
pub(super) fn beyond(own: &BTreeSet<Permission>, asked: &BTreeSet<Permission>) -> Vec<Permission> {
    let mut beyond = lacking(own, asked);
    if own.contains(&Permission::RoleEdit) {
        beyond.retain(|permission| !APART.contains(permission));
    }
    beyond
}

/// The department `top` and all below it, in a tree of (department, the one above it).
pub(super) fn reach(tree: &[(i32, Option<i32>)], top: i32) -> BTreeSet<i32> {
    let mut reached = BTreeSet::from([top]);
    loop {
        let below = tree.iter().filter(|(_, above)| above.is_some_and(|above| reached.contains(&above)));
        let more: Vec<i32> = below.map(|(id, _)| *id).filter(|id| !reached.contains(id)).collect();
        if more.is_empty() {
            return reached;
        }
        reached.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_what_he_lacks() {
        use Permission::{AccountCredit, AccountView, LockView};
        let set = |permissions: &[Permission]| permissions.iter().copied().collect::<BTreeSet<_>>();
        for (own, asked, expected) in [
            (&[AccountView, LockView][..], &[LockView][..], &[][..]),
            (&[AccountView], &[], &[]),
            (&[AccountView], &[AccountView, AccountCredit, LockView], &[AccountCredit, LockView]),
            (&[], &[AccountView], &[AccountView]),
        ] {
            assert_eq!(lacking(&set(own), &set(asked)), expected, "{own:?} {asked:?}");
        }
    }

    #[test]
    fn duties_apart_are_handed_out_by_who_keeps_roles_and_by_nobody_else() {
        let of = |permissions: &[Permission]| permissions.iter().copied().collect::<BTreeSet<_>>();
        let duty = of(&[Permission::PostingReversalApprove]);
        let (keeper, other) = (of(&[Permission::RoleEdit]), of(&[Permission::StaffGrant]));
        assert_eq!(beyond(&keeper, &duty), []);
        assert_eq!(lacking(&keeper, &duty), [Permission::PostingReversalApprove], "not to himself");
        assert_eq!(beyond(&other, &duty), [Permission::PostingReversalApprove]);
        assert_eq!(beyond(&keeper, &of(&[Permission::ChargeEnter])), [Permission::ChargeEnter]);
    }

    #[test]
    fn a_department_reaches_all_below_it() {
        let tree = [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(1)), (5, None), (6, Some(5))];
        for (top, expected) in [(1, &[1, 2, 3, 4][..]), (2, &[2, 3]), (3, &[3]), (5, &[5, 6]), (9, &[9])] {
            assert_eq!(reach(&tree, top).into_iter().collect::<Vec<_>>(), expected, "{top}");
        }
        // A circle, which the rules do not let come up, ends all the same.
        assert_eq!(reach(&[(1, Some(2)), (2, Some(1))], 1).len(), 2);
    }
}
