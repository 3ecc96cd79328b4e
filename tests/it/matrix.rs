//! Who may what: every operation of the served description by every role, against the table that is committed beside this file.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use serde_json::{Value, json};
use tests::World;

use crate::api::{Api, ROLES};

/// operation | what it asks for | roles that get past the door
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/it/matrix.txt");
const HEADER: &str = "# Who may what: operation | what it asks for | roles that get past the door.\n\
                      # `UPDATE_EXPECT=1` before the tests writes this file anew; a changed right is seen in the difference.\n\n";

/// The committed lines.
fn committed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(TABLE).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Roles by operation, as the committed table has them.
fn allowed() -> BTreeMap<String, String> {
    let cells = |line: &String| {
        let mut cells = line.split(" | ");
        Some((cells.next()?.to_owned(), cells.nth(1)?.to_owned()))
    };
    committed().iter().filter_map(cells).collect()
}

/// What an operation asks for, as its description says.
fn asked_for(operation: &Value) -> String {
    if !operation["security"].is_array() {
        return "open".to_owned();
    }
    let text = operation["description"].as_str().unwrap();
    if let Some((_, rest)) = text.rsplit_once("Right: ") {
        return format!("cabinet: {}", rest.split_once(". Audit: ").unwrap().0.replace('`', ""));
    }
    let (_, rest) = text.rsplit_once("Permission: ").unwrap();
    rest.split_once(". Audit: ").unwrap().0.replace('`', "")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_by_every_role() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let document = api.get("/openapi.json", "").await.body;
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let asked_for = asked_for(operation);
            let mut roles = Vec::new();
            for role in ROLES {
                // Nothing is there by such a name, and no write has a body: whoever gets past the door changes nothing.
                let path = path.replace(['{', '}'], "");
                let answer = api.ask(&method.to_uppercase(), &path, role, &[], None).await;
                assert!(answer.status < 500, "{method} {path} {role}: {}", answer.body);
                // A token of staff opens nothing in the cabinet.
                let is_outside = asked_for.starts_with("cabinet") && answer.status == 401;
                if answer.body["code"] != "forbidden" && !is_outside {
                    roles.push(role);
                }
            }
            let roles = match roles.len() {
                0 => "nobody".to_owned(),
                all if all == ROLES.len() => "all".to_owned(),
                _ => roles.join(" "),
            };
            found.insert(format!("{} | {asked_for} | {roles}", operation["operationId"].as_str().unwrap()));
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let lines: Vec<&str> = found.iter().map(String::as_str).collect();
        std::fs::write(TABLE, format!("{HEADER}{}\n", lines.join("\n"))).unwrap();
    }
    let committed = committed();
    let (new, gone): (Vec<_>, Vec<_>) =
        (found.difference(&committed).collect(), committed.difference(&found).collect());
    assert!(
        new.is_empty() && gone.is_empty(),
        "{TABLE} says otherwise; if this is meant, UPDATE_EXPECT=1 writes it\nadd:\n{new:#?}\ntake away:\n{gone:#?}"
    );
    world.drop().await;
}

/// Rows of the matrix of the requirements that have operations already.
#[test]
fn rows_that_were_asked_for() {
    let allowed = allowed();
    for (operation, roles) in [
        // View lock, history: not accounting.
        ("lock_get", "support sales client_service assistants head admin"),
        ("lock_history", "support sales client_service assistants head admin"),
        // Delete lock: support never; others get to the record, which decides whether it is their own (A25).
        ("lock_delete", "sales client_service assistants head admin"),
        // Grant rights: a head and the administrator, at most their own.
        ("staff_roles", "head admin"),
        ("staff_permission_give", "head admin"),
        ("staff_permission_take", "head admin"),
    ] {
        assert_eq!(allowed.get(operation).map(String::as_str), Some(roles), "{operation}");
    }
    let pays = committed().into_iter().find(|line| line.contains(".pay |") || line.contains("on_behalf"));
    assert_eq!(pays, None, "nobody pays on behalf of a client");
}

/// Delete lock (A25, M28): its author his own, except support; somebody else's the administrator, or whoever has the right.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_deleted_by_its_author_or_by_right() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let why = || Some(json!({"reason": "test"}));
    let made = async |author: &str, mask: &str| {
        let lock = json!({"account": "a1", "mask": mask, "origin": "client", "comment": "c"});
        let answer = api.ask("POST", "/v1/locks", author, &[], Some(lock)).await;
        assert!(answer.status < 300, "{author}: {}", answer.body);
        format!("/v1/locks/{}", answer.body["id"])
    };
    for (number, (author, by, status)) in [
        ("sales", "sales", 200),
        ("sales", "client_service", 403),
        ("sales", "head", 403),
        ("sales", "support", 403),
        ("sales", "accounting", 403),
        ("sales", "admin", 200),
        ("assistants", "assistants", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let lock = made(author, &format!("4420{number}")).await;
        let answer = api.ask("DELETE", &lock, by, &[], why()).await;
        assert_eq!(answer.status, status, "{by} deletes the lock of {author}: {}", answer.body);
    }
    // The right is given to a person, and counts from the next request on.
    let lock = made("sales", "44209").await;
    let given = api.ask("PUT", "/v1/staff/head/permissions/lock.delete", "admin", &[], why()).await;
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!(api.ask("DELETE", &lock, "head", &[], why()).await.status, 200);
    world.drop().await;
}
